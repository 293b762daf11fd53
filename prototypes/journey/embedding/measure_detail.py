"""Mutual information of every 8x8 coefficient, by step, offset, look and journey."""
import numpy as np, sys, time, pickle, itertools
from lab import *
import block_transform as bt
from with_margin import with_margin
rng = np.random.default_rng(0)
NB = 24
STEPS = [float(s) for s in sys.argv[1].split(',')]; N = int(sys.argv[2])
J = {k: SAME[k] for k in ('png', 'jpeg95', 'jpeg90', 'jpeg85', 'jpeg80', 'jpeg75', 'jpeg70', 'jpeg70_444', 'jpeg85_75', 'webp80', 'noise2')}
keys = [(j, u, v) for j in range(3) for u, v in itertools.product(range(8), repeat=2) if u + v <= (7 if j == 0 else 4)]
files = SYN[:N]; faces = [load(f, 256) for f in files]
out = {}
t0 = time.time()
for d in STEPS:
  for off, t_ in ((0., 0.), (0., .12), (0., .24), (0., .36), (.5, 0.), (.5, .24)):
    for lk in LOOKS:
        hist = {jn: np.zeros((len(keys), 2, NB)) for jn in J}; dist = np.zeros(len(keys)); db = []
        for i, x in enumerate(faces):
            o = with_margin(look(x, lk, faces[(i+1) % N])); before = [bt.to_bands(p) for p in bt.to_planes(o)]; after = [b.copy() for b in before]; bits = {}
            chosen = [(n, k) for n, k in enumerate(keys) if rng.random() < .4]
            for n, k in chosen:
                dd = d * (1 if k[0] == 0 else 1)
                c = before[k[0]][k[1], k[2]]; b = bits[k] = rng.integers(0, 2, c.shape)
                t = (b + off) * dd; q = 2*dd*np.rint((c-t)/(2*dd))+t; q = np.clip(c, q-t_*dd, q+t_*dd); after[k[0]][k[1], k[2]] = q; dist[n] += np.mean((q-c)**2)/N/.4
            # three rounds are too dense all at once; keep clipping rare by embedding a third of the keys is not needed at these steps
            p = bt.change_picture(o, [bt.from_bands(a-b) for a, b in zip(after, before)])
            for jn, f in J.items():
                got = [bt.to_bands(q) for q in bt.to_planes(f(p))]
                for n, k in chosen:
                    ph = np.minimum((((got[k[0]][k[1], k[2]]/d - off + .5/NB*2) % 2)*(NB/2)).astype(int), NB-1)
                    hist[jn][n] += np.bincount((bits[k]*NB+ph).ravel(), minlength=2*NB).reshape(2, NB)
        for jn in J:
            h = hist[jn]+.2; P = h/h.sum((1, 2), keepdims=True); m = P.sum(1, keepdims=True)
            mi = 1+ (P*np.log2(P/m)).sum((1, 2))
            out[d, (off, t_), lk, jn] = (mi.astype(np.float32), hist[jn].astype(np.int32))
        out[d, (off, t_), lk, 'dist'] = dist
  print(d, time.time()-t0, flush=True)
  pickle.dump((keys, out), open(sys.argv[3], 'wb'))
