import io,numpy as np,time,sys,glob,os
from PIL import Image
ids=sorted(os.listdir('../../../../shared/data/celeba'))
tr=[sorted(glob.glob(f'../../../../shared/data/celeba/{i}/*'))[0] for i in ids[0:112:20]][:6]
syn=sorted(glob.glob('../../../../shared/data/synthetic/*'))[::300][:3]
S=int(sys.argv[1]); targets=[int(x) for x in sys.argv[2].split(',')]
ims=[Image.open(f).convert('RGB').resize((S,S),Image.LANCZOS) for f in tr+syn]
def psnr(a,b): return 10*np.log10(255**2/np.mean((a.astype(float)-b.astype(float))**2))
def run(name,pre=None,post=None,qs=(8,16,24,34,46,58) if S==256 else (16,28,40,52,66,78),**kw):
    R=[];T=[]
    for im in ims:
        a=np.asarray(im); src=Image.fromarray(pre(a)) if pre else im; pts=[]
        for q in qs:
            f=io.BytesIO(); t=time.process_time(); src.save(f,'AVIF',quality=q,max_threads=1,**kw); T.append(time.process_time()-t)
            o=np.asarray(Image.open(f).convert('RGB')); o=post(o) if post else o
            n=len(f.getvalue()); i=f.getvalue().find(b'mdat')
            pts.append((n-i-4-14,psnr(o,a)))
        pts=np.array(pts); R.append([np.interp(np.log(t),np.log(pts[:,0]),pts[:,1]) for t in targets])
    print(f'{name:40s}',np.round(np.mean(R,0),2),f'{np.mean(T):.3f}s',flush=True)
P={'tune':'psnr'}
if sys.argv[3]=='a':
    run('iq s4',speed=4)
    for s in (6,5,4,3): run(f'psnr s{s}',speed=s,advanced=P)
    run('psnr 444 s6',speed=6,subsampling='4:4:4',advanced=P)
    run('psnr 444',speed=4,subsampling='4:4:4',advanced=P)
    run('psnr 422',speed=4,subsampling='4:2:2',advanced=P)
    for k,v in [('enable-chroma-deltaq','1'),('deltaq-mode','1'),('deltaq-mode','2'),('deltaq-mode','3'),('enable-qm','1'),('sb-size','64'),('enable-cdef','0'),('enable-restoration','0'),('aq-mode','1'),('enable-rect-partitions','0'),('enable-intrabc','0'),('enable-palette','0'),('reduced-tx-type-set','1'),('cdf-update-mode','0'),('dist-metric','qm-psnr'),('quant-b-adapt','1'),('sharpness','1'),('enable-cfl-intra','0'),('enable-tx64','0'),('arnr-strength','0')]:
        try: run(f'444 {k}={v}',speed=6,subsampling='4:4:4',advanced={**P,k:v})
        except Exception as e: print(k,v,e)
else:
    Y=np.array([.299,.587,.114])
    for s in (.7,.85,1.15,1.3):
        def pre(a,s=s): y=(a@Y)[...,None]; return np.clip(np.rint(y+s*(a-y)),0,255).astype(np.uint8)
        def post(a,s=s): y=(a@Y)[...,None]; return np.clip(y+(a-y)/s,0,255)
        run(f'444 sat {s}',pre,post,speed=6,subsampling='4:4:4',advanced=P)
        run(f'420 sat {s}',pre,post,speed=6,subsampling='4:2:0',advanced=P)
