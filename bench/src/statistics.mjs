export function median(numbers) {
  return quantile(numbers, 0.5);
}

function quantile(numbers, share) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)];
  return below + (sorted[Math.ceil(place)] - below) * (place % 1);
}

/** What `subject` is to `base` in a measured comparison; `undefined` when one of them was not timed. */
export function compare({ slices }, base, subject, measure) {
  return slices[base] && slices[subject] && ratioOf(slices[base], slices[subject], measure);
}

/** The median of a subject's slices, in milliseconds. */
export function medianOf({ slices }, name) {
  return slices[name] && median(slices[name].filter((slice) => slice !== null).map(({ ms }) => ms));
}

/** How much longer `subject` takes than `base`, in milliseconds: the median over the rounds that both took part in. */
export function medianDifference({ slices }, base, subject) {
  const pairs = (slices[base] ?? []).map((slice, round) => [slice, slices[subject]?.[round] ?? null]);
  const differences = pairs.filter((pair) => !pair.includes(null)).map(([one, other]) => other.ms - one.ms);
  return differences.length === 0 ? undefined : median(differences);
}

/**
 * How many times as much of the time (`ms`) or the processor (`cpuMs`) the base takes as the subject: the
 * median over the rounds that both took part in, with its quartiles.
 */
function ratioOf(baseSlices, subjectSlices, measure = "ms") {
  const ratios = baseSlices
    .map((slice, round) => [slice, subjectSlices[round]])
    .filter(([base, subject]) => base !== null && subject !== null && subject[measure] > 0)
    .map(([base, subject]) => base[measure] / subject[measure]);
  if (ratios.length === 0) return undefined;
  return {
    median: median(ratios),
    low: quantile(ratios, 0.25),
    high: quantile(ratios, 0.75),
    rounds: ratios.length,
  };
}
