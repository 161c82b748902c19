// The certificate and the private key with which both ports speak TLS.
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

export interface KeyPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface KeyPairFiles {
  readonly TLS_CERT_FILE?: string | undefined;
  readonly TLS_KEY_FILE?: string | undefined;
}

/** Undefined when neither file is named. Throws an error that names the variable and what to do. */
export function readKeyPair({ TLS_CERT_FILE, TLS_KEY_FILE }: KeyPairFiles): KeyPair | undefined {
  if (TLS_CERT_FILE === undefined && TLS_KEY_FILE === undefined) return undefined;
  const pair = {
    cert: readNamed('TLS_CERT_FILE', TLS_CERT_FILE, 'TLS_KEY_FILE'),
    key: readNamed('TLS_KEY_FILE', TLS_KEY_FILE, 'TLS_CERT_FILE'),
  };
  try {
    createSecureContext(pair);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(
      `TLS_CERT_FILE (${TLS_CERT_FILE ?? ''}) and TLS_KEY_FILE (${TLS_KEY_FILE ?? ''}) must be a PEM certificate and its unencrypted private key: ${why}`,
      { cause: error },
    );
  }
  return pair;
}

function readNamed(variable: string, file: string | undefined, other: string): Buffer {
  if (file === undefined || file === '') {
    throw new Error(`${variable} is not set while ${other} is: set both for TLS, or neither.`);
  }
  try {
    return readFileSync(file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${variable}: ${file} cannot be read (${why}); name a file that this process may read.`, {
      cause: error,
    });
  }
}
