"""Writing an ONNX graph node by node, with constants where an array is given."""

import math
import os
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper
from torch import Tensor

OPSET, IR_VERSION = 18, 8
QUARTER = math.pi / 2  # of a turn: cos a = sin(a + QUARTER)


def f32(*values) -> np.ndarray:
    return np.array(values, np.float32)


def arr(tensor: Tensor) -> np.ndarray:
    return tensor.detach().float().numpy()


class Graph:
    """Nodes in the order they are called, and the constants they use."""

    def __init__(self):
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[bytes, onnx.TensorProto] = {}

    def __call__(self, op: str, *inputs, name: str | None = None, **attributes) -> str:
        """Append a node; inputs are names of values, or arrays. Gives the name of its one output."""
        name = name or f"{op.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(op, [self._name(i) for i in inputs], [name], name, **attributes))
        return name

    def slice(self, value: str, axis: int, start: int, stop: int) -> str:
        return self("Slice", value, *(np.array([i], np.int64) for i in (start, stop, axis)))

    def reshape(self, value: str, *shape: int, name: str | None = None) -> str:
        return self("Reshape", value, np.array(shape, np.int64), name=name)

    def _name(self, given) -> str:
        if isinstance(given, str):
            return given
        array = np.asarray(given)
        if array.dtype == np.float64:
            array = array.astype(np.float32)
        key = repr((array.dtype, array.shape)).encode() + array.tobytes()
        if key not in self._constants:
            self._constants[key] = numpy_helper.from_array(array, f"constant_{len(self._constants)}")
        return self._constants[key].name

    def save(self, path: Path, inputs: dict, outputs: dict) -> None:
        """Write to `path`, whole or not at all. inputs, outputs: name -> (dtype, shape)."""

        def infos(of: dict) -> list:
            kinds = {name: helper.np_dtype_to_tensor_dtype(np.dtype(dtype)) for name, (dtype, _) in of.items()}
            return [helper.make_tensor_value_info(name, kinds[name], shape) for name, (_, shape) in of.items()]

        graph = helper.make_graph(self._nodes, path.stem, infos(inputs), infos(outputs), list(self._constants.values()))
        model = helper.make_model(graph, ir_version=IR_VERSION, opset_imports=[helper.make_opsetid("", OPSET)])
        onnx.checker.check_model(model, full_check=True)
        part = path.with_suffix(".part")
        part.write_bytes(model.SerializeToString())
        os.replace(part, path)
