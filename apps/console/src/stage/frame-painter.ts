// From encoded frames to pixels. Decoding is asynchronous; while one frame is decoded only the newest of those that
// arrive is kept, so that a slow device shows fewer frames but never an old one.
import type { Frame } from '@meridian/sdk';
import { toRgba } from './rgba.ts';

export type Look = 'smooth' | 'pixels';

const MIME: Partial<Record<Frame['codec'], string>> = { jpeg: 'image/jpeg', webp: 'image/webp' };
/** A smooth picture is enlarged up to this with the canvas's better filter; the screen's own filter does the rest. */
const SMOOTH_WIDTH = 1_024;
const SMOOTH_SCALE_MAX = 4;
/** The glow behind the picture changes slowly; every frame would be wasted. */
const GLOW_EVERY = 6;

export class FramePainter {
  readonly #canvas: HTMLCanvasElement;
  readonly #glow: HTMLCanvasElement | null;
  #look: Look;
  #waiting: Frame | undefined;
  #newest: ImageBitmap | undefined;
  #busy = false;
  #closed = false;
  #painted = 0;

  constructor(canvas: HTMLCanvasElement, glow: HTMLCanvasElement | null, look: Look) {
    this.#canvas = canvas;
    this.#glow = glow;
    this.#look = look;
  }

  push(frame: Frame): void {
    this.#waiting = frame;
    if (!this.#busy) void this.#work();
  }

  setLook(look: Look): void {
    this.#look = look;
    this.#draw();
  }

  close(): void {
    this.#closed = true;
    this.#newest?.close();
    this.#newest = undefined;
  }

  async #work(): Promise<void> {
    this.#busy = true;
    while (this.#waiting !== undefined && !this.#closed) {
      const frame = this.#waiting;
      this.#waiting = undefined;
      // A picture that cannot be decoded is skipped: the next one stands alone.
      const bitmap = await decode(frame).catch(() => undefined);
      if (bitmap) this.#show(bitmap);
    }
    this.#busy = false;
  }

  #show(bitmap: ImageBitmap): void {
    if (this.#closed) return bitmap.close();
    this.#newest?.close();
    this.#newest = bitmap;
    this.#draw();
    if (this.#painted % GLOW_EVERY === 0) this.#drawGlow(bitmap);
    this.#painted += 1;
  }

  #draw(): void {
    const bitmap = this.#newest;
    const context = this.#canvas.getContext('2d', { alpha: false });
    if (bitmap === undefined || context === null) return;
    const scale = this.#look === 'pixels' ? 1 : smoothScale(bitmap.width);
    const [width, height] = [bitmap.width * scale, bitmap.height * scale];
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      this.#canvas.width = width;
      this.#canvas.height = height;
    }
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = 'high';
    context.drawImage(bitmap, 0, 0, width, height);
  }

  #drawGlow(bitmap: ImageBitmap): void {
    const context = this.#glow?.getContext('2d', { alpha: false });
    context?.drawImage(bitmap, 0, 0, context.canvas.width, context.canvas.height);
  }
}

const smoothScale = (width: number): number =>
  Math.max(1, Math.min(SMOOTH_SCALE_MAX, Math.floor(SMOOTH_WIDTH / width)));

async function decode({ codec, image, width, height }: Frame): Promise<ImageBitmap> {
  const type = MIME[codec];
  if (type) return createImageBitmap(new Blob([new Uint8Array(image)], { type }));
  return createImageBitmap(new ImageData(toRgba(image, width, height), width, height));
}
