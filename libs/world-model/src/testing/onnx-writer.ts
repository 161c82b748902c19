// Just enough of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto) to write small models by hand, so
// that tests can make right and wrong ones without Python and without binary files in the repository.
import { BinaryWriter } from '@bufbuild/protobuf/wire';

export const ELEMENT = { float32: 1, uint8: 2, int64: 7 } as const;

type Write = (writer: BinaryWriter) => void;

export interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  /** Integer attributes by name. */
  readonly attributes?: Readonly<Record<string, number>>;
}

export interface Value {
  readonly name: string;
  readonly element: number;
  /** A string is a symbolic dimension. */
  readonly shape: readonly (number | string)[];
}

export interface Constant {
  readonly name: string;
  readonly dims: readonly number[];
  readonly values: Float32Array | BigInt64Array;
}

export interface Graph {
  readonly opset: number;
  readonly nodes: readonly Node[];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly constants: readonly Constant[];
}

/** A ModelProto. */
export function writeOnnx(graph: Graph): Uint8Array {
  const writer = new BinaryWriter();
  writer.uint32(1 << 3).int64(8); // ir_version
  message(writer, 7, (w) => writeGraph(w, graph));
  message(writer, 8, (w) => w.uint32(2 << 3).int64(graph.opset));
  return writer.finish();
}

function writeGraph(writer: BinaryWriter, graph: Graph): void {
  graph.nodes.forEach((node) => message(writer, 1, (w) => writeNode(w, node)));
  text(writer, 2, 'tiny');
  graph.constants.forEach((constant) => message(writer, 5, (w) => writeConstant(w, constant)));
  graph.inputs.forEach((value) => message(writer, 11, (w) => writeValue(w, value)));
  graph.outputs.forEach((value) => message(writer, 12, (w) => writeValue(w, value)));
}

function writeNode(writer: BinaryWriter, node: Node): void {
  node.inputs.forEach((input) => text(writer, 1, input));
  text(writer, 2, node.output);
  text(writer, 4, node.op);
  for (const [name, value] of Object.entries(node.attributes ?? {})) {
    message(writer, 5, (w) => {
      text(w, 1, name);
      w.uint32(3 << 3).int64(value);
      w.uint32(20 << 3).int32(2); // INT
    });
  }
}

function writeConstant(writer: BinaryWriter, { name, dims, values }: Constant): void {
  dims.forEach((dim) => writer.uint32(1 << 3).int64(dim));
  writer.uint32(2 << 3).int32(values instanceof Float32Array ? ELEMENT.float32 : ELEMENT.int64);
  text(writer, 8, name);
  writer.uint32((9 << 3) | 2).bytes(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
}

function writeValue(writer: BinaryWriter, { name, element, shape }: Value): void {
  text(writer, 1, name);
  message(writer, 2, (type) =>
    message(type, 1, (tensor) => {
      tensor.uint32(1 << 3).int32(element);
      message(tensor, 2, (dims) => shape.forEach((side) => message(dims, 1, (w) => writeDimension(w, side))));
    }),
  );
}

function writeDimension(writer: BinaryWriter, side: number | string): void {
  if (typeof side === 'number') writer.uint32(1 << 3).int64(side);
  else text(writer, 2, side);
}

function message(writer: BinaryWriter, field: number, write: Write): void {
  writer.uint32((field << 3) | 2).fork();
  write(writer);
  writer.join();
}

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.uint32((field << 3) | 2).string(value);
}
