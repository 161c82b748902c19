/** Raw RGB as a canvas wants it: opaque RGBA, four bytes a pixel. */
export function toRgba(rgb: Uint8Array, width: number, height: number): Uint8ClampedArray<ArrayBuffer> {
  const pixels = width * height;
  if (rgb.length !== pixels * 3)
    throw new RangeError(`${rgb.length} bytes are not ${width} x ${height} pixels`);
  const rgba = new Uint8ClampedArray(pixels * 4);
  for (let from = 0, to = 0; from < rgb.length; from += 3, to += 4) {
    rgba[to] = rgb[from] ?? 0;
    rgba[to + 1] = rgb[from + 1] ?? 0;
    rgba[to + 2] = rgb[from + 2] ?? 0;
    rgba[to + 3] = 255;
  }
  return rgba;
}
