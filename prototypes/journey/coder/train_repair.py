"""Train the repair network on training_data.npz and export repair.onnx.   python train_repair.py MINUTES

Input 5 x H x W: decoded RGB in [0, 1], bytes a pixel (logarithmic, 0 to 1), scale of the coded picture. Output: RGB. The output
convolution starts at zero, so training starts from "change nothing".
"""
import sys, time
import numpy as np, torch
from torch import nn
import torch.nn.functional as F

torch.set_num_threads(1); torch.manual_seed(0)

class Residual(nn.Module):
    def __init__(self, c): super().__init__(); self.a, self.b = nn.Conv2d(c, c, 3, padding=1), nn.Conv2d(c, c, 3, padding=1)
    def forward(self, x): return x+self.b(F.relu(self.a(x)))

class Repair(nn.Module):
    """A two-level network: 32 channels at half size, 56 at a quarter; works on any multiple of 4 pixels."""
    def __init__(self, c=32, d=56):
        super().__init__()
        self.enter = nn.Conv2d(20, c, 3, padding=1); self.first = Residual(c)
        self.down = nn.Conv2d(c, d, 2, 2); self.deep = nn.Sequential(*[Residual(d) for _ in range(3)])
        self.up = nn.Conv2d(d, 4*c, 1); self.last = Residual(c); self.leave = nn.Conv2d(c, 12, 3, padding=1)
        nn.init.zeros_(self.leave.weight); nn.init.zeros_(self.leave.bias)
    def forward(self, x):                                     # b x 5 x h x w -> b x 3 x h x w
        f = self.first(F.relu(self.enter(F.pixel_unshuffle(x, 2))))
        f = self.last(f+F.pixel_shuffle(self.up(self.deep(F.relu(self.down(f)))), 2))
        return x[:, :3]+F.pixel_shuffle(self.leave(f), 2)

def export(net, path):
    net.eval(); x = torch.rand(1, 5, 64, 64)
    torch.onnx.export(net, (x,), path, input_names=['picture'], output_names=['repaired'], opset_version=17, dynamo=False,
                      dynamic_axes={'picture': {2: 'h', 3: 'w'}, 'repaired': {2: 'h', 3: 'w'}})
    net.train()

if __name__ == '__main__':
    minutes = float(sys.argv[1]); data = np.load('training_data.npz'); D, X, P = data['decoded'], data['original'], data['plane']
    n = len(D); net = Repair(); print(n, sum(p.numel() for p in net.parameters()), 'weights', flush=True)
    optimiser = torch.optim.Adam(net.parameters(), 1e-3); g = np.random.default_rng(0); held = np.arange(0, n, 20)
    train = np.setdiff1d(np.arange(n), held); start, step, losses, size, batch = time.time(), 0, [], 96, 8
    mean = {k: v.clone() for k, v in net.state_dict().items()}
    def tensors(ks, size=None):
        xs, ys = [], []
        for k in ks:
            d, x = D[k], X[k]
            if size:
                i, j = 2*g.integers(0, (d.shape[0]-size)//2+1, 2); d, x = d[i:i+size, j:j+size], x[i:i+size, j:j+size]
                if g.random() < .5: d, x = d[:, ::-1], x[:, ::-1]
            q, h = P[k]; plane = np.full(d.shape[:2], 1, np.float32)
            xs.append(np.concatenate([d.transpose(2, 0, 1)/np.float32(255), plane[None]*q, plane[None]*h])); ys.append(x.transpose(2, 0, 1)/np.float32(255))
        return torch.tensor(np.array(xs, np.float32)), torch.tensor(np.array(ys, np.float32))
    def check():
        now = {k: v.clone() for k, v in net.state_dict().items()}; net.load_state_dict(mean); a, b = [], []
        with torch.no_grad():
            for k in held:
                x, y = tensors([k]); a.append(F.mse_loss(x[:, :3], y).item()); b.append(F.mse_loss(net(x).clamp(0, 1), y).item())
        gain = 10*np.log10(np.array(a)/np.array(b)); h = P[held, 1] < .7
        export(net, 'repair.onnx'); torch.save(mean, 'repair.pt'); net.load_state_dict(now)
        print(f'{time.time()-start:6.0f} s step {step} gain at scales from .7 {gain[~h].mean():.3f}, below {gain[h].mean():.3f} dB', flush=True)
    last = 0
    while (t := (time.time()-start)/60/minutes) < 1:
        for group in optimiser.param_groups: group['lr'] = 1.5e-3*min(1, step/50)*(.5+.5*np.cos(np.pi*t))+1e-5
        x, y = tensors(g.choice(train, batch), size); out = net(x)
        # The log makes every rate count alike: PSNR is what is measured.
        loss = torch.log(((out-y)**2).mean((1, 2, 3))+1e-6).mean()
        optimiser.zero_grad(); loss.backward(); nn.utils.clip_grad_norm_(net.parameters(), 1.); optimiser.step(); step += 1
        w = min(.995, step/(step+20))
        for k, v in net.state_dict().items(): mean[k].mul_(w).add_(v, alpha=1-w)
        if time.time()-start-last > 150: last = time.time()-start; check()
    check()
