"""Test faces, looks and journeys for calibration and evaluation (development only)."""
import io, sys, glob, os
import numpy as np, cv2
from with_margin import soften
from PIL import Image
from proface.looks import get_look
from proface.looks.registry import obfuscate
cv2.setNumThreads(1)
D = '../../../../shared/data'
IDS = sorted(os.listdir(f'{D}/celeba'))
TRAIN = [f for i in IDS[::2] for f in sorted(glob.glob(f'{D}/celeba/{i}/*'))[:1]]
SYN = sorted(glob.glob(f'{D}/synthetic/*'))
TEST = [f for i in IDS[1::2] for f in sorted(glob.glob(f'{D}/celeba/{i}/*'))[:1]]
PORT = sorted(glob.glob(f'{D}/portraits/*/*'))
LOOKS = ('blur', 'pixelate', 'mask', 'swap')
def load(f, size): return np.asarray(Image.open(f).convert('RGB').resize((size, size), Image.LANCZOS))
def look(x, kind, other):
    if kind == 'swap': return other
    if kind == 'pixelate': return soften(obfuscate(x, 'pixelate:32'))
    return obfuscate(x, {'blur': 'blur:25', 'pixelate': 'pixelate:32', 'mask': 'mask'}[kind])
def saved(rgb, fmt, quality, **k):
    f = io.BytesIO(); Image.fromarray(rgb).save(f, fmt, quality=quality, **k); return np.asarray(Image.open(f).convert('RGB'))
def jpeg(q, sub=2, **k): return lambda a: saved(a, 'JPEG', q, subsampling=sub, **k)
def noise(s):
    def f(x): return np.clip(np.rint(x + np.random.default_rng(x.size + int(x[0, 0, 0])).normal(0, s, x.shape)), 0, 255).astype(np.uint8)
    return f
def scaled(s, then, back=Image.LANCZOS):
    def f(x):
        h, w = x.shape[:2]
        return np.asarray(Image.fromarray(then(np.asarray(Image.fromarray(x).resize((round(w*s), round(h*s)), Image.LANCZOS)))).resize((w, h), back))
    return f
SAME = {'png': lambda x: x, 'jpeg95': jpeg(95), 'jpeg90': jpeg(90), 'jpeg85': jpeg(85), 'jpeg80': jpeg(80), 'jpeg75': jpeg(75), 'jpeg70': jpeg(70),
        'jpeg75_444': jpeg(75, 0), 'jpeg70_444': jpeg(70, 0), 'jpeg85_75': lambda x: jpeg(75)(jpeg(85)(x)), 'jpeg85p': jpeg(85, 2, progressive=True), 'webp80': lambda x: saved(x, 'WEBP', 80), 'noise2': noise(2)}
def psnr(a, b): return 10*np.log10(255**2/max(np.mean((a.astype(float)-b.astype(float))**2), 1e-9))
