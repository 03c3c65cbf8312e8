import { randomBytes } from 'node:crypto';

let lastTime = -1;
let counter = 0;

/** A number that grows within a millisecond, so that one node's events keep their order. */
const sequence = (time: number): number => {
  counter = time === lastTime ? (counter + 1) % 4096 : 0;
  lastTime = time;
  return counter;
};

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/** A UUID of version 7 (RFC 9562): the milliseconds, a counter within them, random bits. Its text sorts by time. */
export const newEventId = (now: Date): string => {
  const time = now.getTime();
  const random = randomBytes(8);
  random[0] = ((random[0] ?? 0) & 0x3f) | 0x80;
  const digits = `${hex(time, 12)}7${hex(sequence(time), 3)}${random.toString('hex')}`;
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
};

/** What all ids of that millisecond and later ones are above, and all earlier ones below. */
export const eventIdAt = (time: Date): string => {
  const digits = hex(Math.max(0, time.getTime()), 12);
  return `${digits.slice(0, 8)}-${digits.slice(8)}-`;
};
