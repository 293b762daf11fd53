"""Selects step and offset of each coefficient: the most information in the worst (look, journey), less a price for distortion."""
import numpy as np, pickle
import block_transform as bt
def choose(path, price, exclude=lambda k: False, drop=(), rounds=300, per_key=1.0, blocks=lambda k: 1.0 if k[0]==0 else .25, only_off=None):
    keys, out = pickle.load(open(path, 'rb'))
    looks = ('blur', 'pixelate', 'mask', 'swap'); js = [j for j in dict.fromkeys(k[3] for k in out if k[-1] != 'dist') if j not in drop]
    vs = sorted({k[:2] for k in out if k[-1] != 'dist'})
    if only_off is not None: vs=[v for v in vs if v[1]==only_off]
    MI = np.array([[out[d, o, l, j][0] for l in looks for j in js] for d, o in vs])  # v x s x key
    DI = np.array([[out[d, o, l, 'dist'] for l in looks] for d, o in vs]).mean(1)            # v x key
    # A variant's distortion from all its steps: singly measured ones are noisy, and the choice would take the luckiest.
    for kind in {v[1] for v in vs}:
        of = [i for i, v in enumerate(vs) if v[1] == kind]; r = np.mean([DI[i]/vs[i][0]**2 for i in of], 0)
        for i in of: DI[i] = r*vs[i][0]**2
    nb = np.array([blocks(k) for k in keys]); en = np.array([bt.ENERGY[k[0]] for k in keys]); ok = np.array([not exclude(k) for k in keys])
    COST = DI*en*nb; INFO = MI*nb
    w = np.full(INFO.shape[1], 1/INFO.shape[1]); best = None; tot = np.zeros(INFO.shape[1])
    for r in range(rounds):
        score = np.einsum('vsk,s->vk', INFO, w) - price*COST; v = score.argmax(0); use = ok & (score.max(0) > 0) & (np.einsum('vsk,s->vk', INFO, w)[v, np.arange(len(keys))]/nb > .12)
        if not use.any():
            w = np.full(len(w), 1/len(w)); continue
        tot = np.array([INFO[v[k], :, k] for k in np.flatnonzero(use)]).sum(0); cost = COST[v, np.arange(len(keys))][use].sum()
        obj = tot.min() - price*cost
        if best is None or obj > best[0]: best = (obj, v.copy(), use.copy(), tot.copy(), cost)
        w *= np.exp(-.3*(tot/tot.mean()-1)); w /= w.sum()
    if best is None: return {}, {}, 0, w
    obj, v, use, tot, cost = best
    sel = {keys[k]: (*vs[v[k]], INFO[v[k], :, k].min()/nb[k], DI[v[k], k]) for k in np.flatnonzero(use)}
    return sel, {(l, j): t for (l, j), t in zip([(l, j) for l in looks for j in js], tot)}, cost, w
if __name__ == '__main__':
    for ex in ((), ((0,0,0),), ((0,0,0),(0,0,1),(0,1,0)), ((0,0,0),(0,0,1),(0,1,0),(0,1,1),(1,0,0),(2,0,0))):
        for drop in ((), ('webp80','noise2')):
          print('exclude', ex, drop)
          for price in (.012, .016,.02,.025,.03):
            sel, tot, cost, w = choose('emb_detail.pkl', price, lambda k: k in ex, drop)
            t = sorted(tot.items(), key=lambda a: a[1]); mse = cost/64
            n=sum(1 if k[0]==0 else .25 for k in sel)
            print(f'  price {price}: {len(sel)} keys, n/block {n:.1f}, worst {t[0][1]*1024/8:.0f} B at 256px', f'{10*np.log10(255**2/mse):.2f} dB', 'rate', round(t[0][1]/n,3), [(k, round(x*128)) for k, x in t[:3]], t[-1][1]*128)
    sel,tot,cost,w = choose('emb_detail.pkl', .02, lambda k: k==(0,0,0))
    for k in sorted(sel): print(k, [round(float(x),2) for x in sel[k]])
    print({k: round(x*128) for k,x in tot.items()})
