// Jest gives each test file its own realm. ONNX Runtime's native part makes arrays of the outer one, and its
// JavaScript part then refuses them as foreign: share the outer realm's arrays.
import { TestEnvironment } from 'jest-environment-node';

export default class TypedArraysEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    Object.assign(this.global, { Float32Array, BigInt64Array });
  }
}
