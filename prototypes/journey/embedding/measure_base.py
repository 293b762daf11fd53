"""Mutual information of merged low bands through scaling journeys, with a detail layer above."""
import numpy as np, sys, time, pickle, itertools
from lab import *
import block_transform as bt
from with_margin import with_margin
rng = np.random.default_rng(0)
NB = 24
m = int(sys.argv[1]); STEPS = [float(s) for s in sys.argv[2].split(',')]; N = int(sys.argv[3]); S = 256*m
LZ, BC, AR = Image.LANCZOS, Image.BICUBIC, Image.BOX
BASEJ = {'png': lambda x: x, 'jpeg70': jpeg(70), 'jpeg50': jpeg(50), 'webp80': SAME['webp80'], 'noise2': noise(2), 'x.75 j80': scaled(.75, jpeg(80)), 'x.6 j80': scaled(.6, jpeg(80)), 'half j80': scaled(.5, jpeg(80)), 'x.508 j75': scaled(.508, jpeg(75)), 'half w80': scaled(.5, SAME['webp80']), 'x.4 j80': scaled(.4, jpeg(80))}
if m == 1: BASEJ = {k: BASEJ[k] for k in ('png', 'jpeg70', 'jpeg50', 'webp80', 'noise2', 'x.75 j80', 'x.6 j80', 'half j80')}
mc = max(1, m//2)
def merge(b, i, j, m):
    x = b[i, j]; h, w = x.shape[0]//m*m, x.shape[1]//m*m
    return bt.to_bands(np.ascontiguousarray(x[:h, :w]), m)
keys = [(0, i, j, u, v) for i, j in ((0,0),(0,1),(1,0),(1,1)) for u, v in itertools.product(range(m), repeat=2)] + [(c, 0, 0, u, v) for c in (1, 2) for u, v in itertools.product(range(mc), repeat=2)]
groups = sorted({k[:3] for k in keys})
faces = [load(f, S) for f in SYN[:N]]
out = {}; t0 = time.time()
for d in STEPS:
  for off, t_ in ((0., 0.), (0., .12), (0., .24), (0., .36), (.5, .12)):
    for lk in LOOKS:
        hist = {jn: np.zeros((len(keys), 2, NB)) for jn in BASEJ}; dist = np.zeros(len(keys))
        for i, x in enumerate(faces):
            o = with_margin(look(x, lk, faces[(i+1) % N])); before = [bt.to_bands(p) for p in bt.to_planes(o)]; after = [b.copy() for b in before]; bits = {}
            chosen = [(n, k) for n, k in enumerate(keys) if rng.random() < .5]
            mg = {g: merge(before[g[0]], g[1], g[2], m if g[0] == 0 else mc) for g in groups}
            for n, k in chosen:
                c = mg[k[:3]][k[3], k[4]].copy(); b = bits[k] = rng.integers(0, 2, c.shape)
                t = (b + off) * d; q = 2*d*np.rint((c-t)/(2*d))+t; q = np.clip(c, q-t_*d, q+t_*d); mg[k[:3]][k[3], k[4]] = q; dist[n] += np.mean((q-c)**2)/N/.5
            for g in groups: back = bt.from_bands(mg[g]); after[g[0]][g[1], g[2], :back.shape[0], :back.shape[1]] = back
            for j, u, v in itertools.product(range(3), range(8), range(8)):   # a detail layer over it
                if (j == 0 and 2 <= u+v <= 5 and (u, v) != (1, 1)) or (j > 0 and 1 <= u+v <= 1):
                    dd = 8 if j == 0 else 10; c = before[j][u, v]; t = rng.integers(0, 2, c.shape)*dd; after[j][u, v] = 2*dd*np.rint((c-t)/(2*dd))+t
            p = bt.change_picture(o, [bt.from_bands(a-b) for a, b in zip(after, before)])
            for jn, f in BASEJ.items():
                got = [bt.to_bands(q) for q in bt.to_planes(f(p))]
                gm = {g: merge(got[g[0]], g[1], g[2], m if g[0] == 0 else mc) for g in groups}
                for n, k in chosen:
                    ph = np.minimum((((gm[k[:3]][k[3], k[4]]/d - off + .5/NB*2) % 2)*(NB/2)).astype(int), NB-1)
                    hist[jn][n] += np.bincount((bits[k]*NB+ph).ravel(), minlength=2*NB).reshape(2, NB)
        for jn in BASEJ:
            h = hist[jn]+.2; P = h/h.sum((1, 2), keepdims=True); M = P.sum(1, keepdims=True)
            out[d, (off, t_), lk, jn] = ((1+(P*np.log2(P/M)).sum((1, 2))).astype(np.float32), hist[jn].astype(np.int32))
        out[d, (off, t_), lk, 'dist'] = dist
  print(d, time.time()-t0, flush=True)
  pickle.dump((keys, out), open(sys.argv[4], 'wb'))
