import { createParser } from 'eventsource-parser';

export interface ReadEvent {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: unknown;
}

export interface EventReader {
  /** Undefined once the stream has ended. */
  next(): Promise<ReadEvent | undefined>;
  cancel(): Promise<void>;
}

/** Reads server-sent events one by one. */
export function readEvents(response: Response): EventReader {
  const waiting: ReadEvent[] = [];
  const parser = createParser({
    onEvent: ({ id, event, data }) => waiting.push({ id, event, data: JSON.parse(data) }),
  });
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  return {
    next: async () => {
      while (waiting.length === 0) {
        const part = await reader?.read();
        if (part === undefined || part.done) return undefined;
        parser.feed(decoder.decode(part.value, { stream: true }));
      }
      return waiting.shift();
    },
    cancel: async () => reader?.cancel(),
  };
}
