import { hash, timingSafeEqual } from 'node:crypto';

const BEARER = /^Bearer ([\x21-\x7e]{1,512})$/i;

/** The credential of an `Authorization: Bearer` header; undefined when there is none or it is malformed. */
export const bearerOf = (header: string | undefined): string | undefined => BEARER.exec(header ?? '')?.[1];

/** Compares in a time that does not depend on where, or whether, the two differ, nor on their lengths. */
export const sameSecret = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));

/** Of a secret, for `timingSafeEqual`: all are of one length. */
export const digest = (text: string): Buffer => hash('sha256', text, 'buffer');
