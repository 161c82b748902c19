// Rendezvous hashing (Thaler and Ravishankar, 1998): who is first for an id depends on the id and on each name alone, so
// ids spread evenly, everybody who asks gets the same order, and a new name takes over only the ids that it is first for.

/**
 * The items in the order of an id. Equal for equal ids and items, whatever order the items come in; names must differ.
 */
export const rendezvousOrder = <T>(
  id: string,
  items: readonly T[],
  nameOf: (item: T) => string,
): readonly T[] =>
  items
    .map((item) => ({ item, name: nameOf(item), weight: hash32(`${nameOf(item)} ${id}`) }))
    .sort((a, b) => b.weight - a.weight || (a.name < b.name ? -1 : 1))
    .map(({ item }) => item);

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * FNV-1a over UTF-16 units, then the finalizer of MurmurHash3: FNV alone leaves names that differ in their last
 * character with weights that order many ids alike.
 */
function hash32(text: string): number {
  let hash = FNV_OFFSET;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), FNV_PRIME);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
