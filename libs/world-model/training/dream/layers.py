"""Building blocks that the parts of `dream` share."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Conv(nn.Module):
    """A square convolution whose weight is stored as a matrix, which is what Muon takes."""

    def __init__(self, inputs: int, outputs: int, size: int = 3, stride: int = 1):
        super().__init__()
        self.shape, self.stride, self.pad = (outputs, inputs, size, size), stride, size // 2
        self.weight = nn.Parameter(torch.randn(outputs, inputs * size * size) * (inputs * size * size) ** -0.5)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight.reshape(self.shape), self.bias, self.stride, self.pad)


def on_unshuffled(weight: Tensor, bias: Tensor, image: Tensor, planes: int, by: int) -> Tensor:
    """A 3x3 convolution, weight [outputs, planes * by * by, 3, 3], of an image [B, planes, H, W] with its pixels unshuffled.

    Done as one in strides: to unshuffle costs ONNX Runtime half a millisecond.
    """
    kernel = weight.reshape(weight.shape[0], planes, by, by, 3, 3).permute(0, 1, 4, 2, 5, 3)
    return F.conv2d(image, kernel.reshape(weight.shape[0], planes, 3 * by, 3 * by), bias, by, by)


def as_convolution(layer: nn.Linear, image: Tensor, size: tuple[int, int] = (1, 1)) -> Tensor:
    """A linear layer on all of an image [B, C, *size], as [B, outputs, 1, 1].

    ONNX Runtime convolves image by image; a matrix product it does in another order for one row than for many, and then a
    session's frames would hang on who shares its batch.
    """
    return F.conv2d(image, layer.weight.reshape(layer.out_features, -1, *size), layer.bias)


class Block(nn.Module):
    """Residual pair of convolutions, the first one shifted and scaled by the action [B, 32, 1, 1]."""

    def __init__(self, width: int, action: int = 32):
        super().__init__()
        self.first, self.second = Conv(width, width), Conv(width, width)
        self.film = nn.Linear(action, 2 * width)

    def forward(self, x: Tensor, action: Tensor) -> Tensor:
        gain, shift = as_convolution(self.film, action).chunk(2, 1)
        h = F.relu(self.first(x) * (1 + gain) + shift)
        return F.relu(x + self.second(h))
