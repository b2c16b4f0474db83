/** How long to wait before the next try to connect. Pure. */

const FIRST_MS = 300;
const EAGER_MAX_MS = 2000;
const PATIENT_MAX_MS = 10_000;
const EAGER_TRIES = 20;

/**
 * Milliseconds before try number `attempt` (0 is the first). It doubles up to 2 s, so that a restarted server is found at once, and
 * after about forty seconds up to 10 s. A quarter is left to chance: two hundred people must not come back in the same instant.
 *
 * @param {number} attempt
 * @param {() => number} [random] in [0, 1)
 * @returns {number}
 */
export function backoff(attempt, random = Math.random) {
  const ceiling = attempt < EAGER_TRIES ? EAGER_MAX_MS : PATIENT_MAX_MS;
  const delay = Math.min(ceiling, FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.round(delay * (0.75 + 0.5 * random()));
}
