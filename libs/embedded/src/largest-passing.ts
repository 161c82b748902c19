/**
 * The largest number from 1 to `max` that passes, found with few tries: up from `first` in steps of half as much again,
 * then the gap is halved. 0 when 1 fails. Takes it that what passes at a number passes below it, too.
 */
export async function largestPassing(
  first: number,
  max: number,
  passes: (number: number) => Promise<boolean>,
): Promise<number> {
  let [good, bad] = [0, max + 1];
  let tried = Math.min(first, max);
  while (good + 1 < bad) {
    if (await passes(tried)) good = tried;
    else bad = tried;
    const up = Math.min(max, Math.ceil(good * 1.5));
    tried = bad > max ? Math.max(up, good + 1) : Math.floor((good + bad) / 2);
  }
  return good;
}
