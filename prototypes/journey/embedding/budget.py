"""What the shipped tables promise: information a carrier lets through by journey, distortion by layer.

python prototypes/journey/embedding/budget.py
"""

import numpy as np

from proface.embedding.carriers import carried_bits
from proface.models.store import load_flow

lattice = load_flow("robust").embedding
for name, side in (("detail1", 256), ("detail2", 512), ("base1", 256), ("base2", 512), ("base3", 768), ("base4", 1024)):
    table = lattice.tables[name]
    count = carried_bits(table, side, side).astype(float)
    wrong = 1 / (1 + np.exp(np.abs(table.ratio)))
    known = 1 + wrong * np.log2(wrong) + (1 - wrong) * np.log2(1 - wrong)
    share = np.exp(table.density) / np.exp(table.density).sum(2, keepdims=True)
    each = (known * share).sum(2)  # carriers x states
    mean = (each * count[:, None]).sum(0) / count.sum()
    # In smooth covers a coefficient is near 0: half the bits are there already, or all are half a step off.
    moved = np.where(table.offset == 0, 0.5 * (table.step * (1 - table.slack)) ** 2, (table.step * (0.5 - table.slack).clip(0)) ** 2)
    print(f"{name}, {side} px: {int(count.sum())} bits, code for {table.information:.3f} less its gap; mean square error in smooth covers {moved.sum() / (64 * table.merge**2):.2f}")
    by_way = {}
    for state, value in zip(table.states, mean):
        by_way.setdefault(state.rsplit(" ", 1)[0], []).append(round(float(value), 3))
    for way, values in by_way.items():
        print(f"   {way}: {min(values)} to {max(values)}")
    if name == "detail1":
        webp = [n for n, state in enumerate(table.states) if state.startswith("webp80")]
        for c in np.argsort(table.step):
            print("   WebP 80, step", table.step[c], "band", table.place[c, 1:3], each[c, webp].mean().round(2))
