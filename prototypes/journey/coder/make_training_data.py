"""Write pairs (decoded, original) of training faces at the rates of the face coder: training_data.npz.

    python make_training_data.py SECONDS        (proface installed, or PYTHONPATH=../../../src)
"""
import glob, os, sys, time
import numpy as np
from PIL import Image
from proface.codec import face_coder

DATA = '../../../../shared/data'
rng = np.random.default_rng(7)
identities = sorted(os.listdir(f'{DATA}/celeba'))[0::2]
files = [f for i in identities for f in sorted(glob.glob(f'{DATA}/celeba/{i}/*'))[:3]] + sorted(glob.glob(f'{DATA}/synthetic/*'))
rng.shuffle(files)
budget = float(sys.argv[1]); start = time.time()
patches, originals, planes = [], [], []
for n, name in enumerate(files):
    if time.time()-start > budget: break
    side = 512 if n % 4 == 0 else 256
    x = np.asarray(Image.open(name).convert('RGB').resize((side, side), Image.LANCZOS))
    density = np.exp(rng.uniform(np.log(.008), np.log(.09)))  # bytes a pixel
    stream = face_coder.encode(x, int(density*side*side))
    d = face_coder.decode(stream, side, side)
    for _ in range(2 if side == 512 else 1):
        s = 192; i, j = 16*rng.integers(0, (side-s)//16+1, 2)
        # What the decoder knows of the quality: bytes a pixel (0 to 1 on a logarithmic scale) and scale.
        patches.append(d[i:i+s, j:j+s]); originals.append(x[i:i+s, j:j+s])
        planes.append((np.log(density/.008)/np.log(.09/.008), stream[0]/255))
np.savez('training_data.npz', decoded=np.array(patches), original=np.array(originals), plane=np.array(planes))
print(n, len(patches), time.time()-start)
