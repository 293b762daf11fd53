"""How many bytes a smooth look can hold at all, if its picture is only ever rounded by JPEG 70.

python prototypes/journey/embedding/bound.py

Every coefficient of luma (but for the base layer's three bands) and of chroma at half size is 0 and
may become plus or minus one step of JPEG 70, with the frequency that gives most entropy for the
mean square error. No code, no noise, no other quality: nothing can hold more after JPEG 70.
"""

import math

LUMA = [16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99]
CHROMA = {0: 17, 1: 18, 2: 24, 3: 47, 8: 18, 9: 21, 10: 26, 11: 66, 16: 24, 17: 26, 18: 56, 24: 47, 25: 66}
ENERGY = (1.086, 0.825)  # of an error of Cb and of Cr in R, G and B


def step(value: int, quality: int) -> int:
    return max(1, (value * (200 - 2 * quality) + 50) // 100)


def entropy(p: float) -> float:
    return -(1 - p) * math.log2(1 - p) - p * math.log2(p / 2)


def most_bytes(side: int, error: float, quality: int = 70) -> float:
    n = side * side
    kinds = [(n / 64, step(v, quality) ** 2 / n) for i, v in enumerate(LUMA) if i not in (0, 1, 8)]
    for energy in ENERGY:
        kinds += [(n / 256, energy * 4 * step(CHROMA.get(i, 99), quality) ** 2 / n) for i in range(64)]
    low, high = 1e-9, 1e9
    for _ in range(200):
        price = math.sqrt(low * high)
        shares = [2 / (2 + 2 ** min(price * cost, 1000)) for _, cost in kinds]
        spent = sum(count * cost * p for (count, cost), p in zip(kinds, shares))
        low, high = (price, high) if spent > error else (low, price)
    return sum(count * entropy(p) for (count, _), p in zip(kinds, shares) if p > 1e-15) / 8


for side, base, floors in ((256, 3.35, (36.4, 37.0, 37.4)), (512, 6.0, (36.7, 37.0, 39.0))):
    for psnr in floors:
        error = 255**2 / 10 ** (psnr / 10) - base
        print(f"{side} px, {psnr} dB, base layer {base}: {most_bytes(side, error):.0f} bytes")
