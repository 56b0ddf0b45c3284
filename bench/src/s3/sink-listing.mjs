/** Keys are kept sorted as long as nothing is written: a listing of pages costs the page. */
let sorted = { size: -1, keys: [] };

/** The answer to ListObjectsV2, and to its older form. */
export function listing(objects, bucket, query) {
  const prefix = `${bucket}/${query.get("prefix") ?? ""}`;
  const limit = Math.min(Number(query.get("max-keys") ?? 1000), 1000);
  const after = query.get("continuation-token") ?? query.get("start-after") ?? query.get("marker");
  const from = after === null ? prefix : `${bucket}/${after}`;
  const keys = sortedKeys(objects);
  const entries = [];
  let index = placeOf(keys, from);
  for (; index < keys.length && entries.length < limit; index++) {
    const name = keys[index];
    if (!name.startsWith(prefix)) break;
    if (after === null || name > from) entries.push(name);
  }
  const isTruncated = index < keys.length && keys[index].startsWith(prefix);
  const last = entries.at(-1)?.slice(bucket.length + 1) ?? "";
  const next = isTruncated ? `<NextContinuationToken>${last}</NextContinuationToken>` : "";
  const contents = entries.map((name) => content(name.slice(bucket.length + 1), objects.get(name))).join("");
  return (
    `<ListBucketResult><Name>${bucket}</Name><KeyCount>${entries.length}</KeyCount><MaxKeys>${limit}</MaxKeys>` +
    `<EncodingType>url</EncodingType><IsTruncated>${isTruncated}</IsTruncated>${next}${contents}</ListBucketResult>`
  );
}

function content(key, { size, etag, modified }) {
  const name = key.split("/").map(encodeURIComponent).join("/");
  return (
    `<Contents><Key>${name}</Key><LastModified>${modified.toISOString()}</LastModified>` +
    `<ETag>${etag.replaceAll('"', "&quot;")}</ETag><Size>${size}</Size><StorageClass>STANDARD</StorageClass></Contents>`
  );
}

function sortedKeys(objects) {
  if (sorted.size !== objects.size)
    sorted = { size: objects.size, keys: [...objects.keys()].toSorted(compare) };
  return sorted.keys;
}

/** By code units: good enough for keys of ASCII. */
function compare(a, b) {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** The first that is not before `from`. */
function placeOf(keys, from) {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle] < from) low = middle + 1;
    else high = middle;
  }
  return low;
}
