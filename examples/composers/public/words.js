// Numbers in words.

const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

/** Returns a number of bytes in words, such as "2.4 MB". */
export function bytesInWords(bytes) {
  let number = bytes;
  let unit = 0;
  while (number >= 1000 && unit < UNITS.length - 1) {
    number /= 1000;
    unit++;
  }
  const digits = unit === 0 || number >= 100 ? 0 : 1;
  return `${number.toFixed(digits)} ${UNITS[unit]}`;
}

/** Returns a time in words, such as "2 min 5 s". */
export function timeInWords(seconds) {
  const whole = Math.max(1, Math.ceil(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Returns "1 file" or "3 files". */
export function counted(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** Makes an element with properties and children. */
export function make(name, properties = {}, ...children) {
  const { dataset = {}, ...others } = properties;
  const element = Object.assign(document.createElement(name), others);
  Object.assign(element.dataset, dataset);
  element.append(...children);
  return element;
}

/** Makes the children of a list those of `items`, by their keys. Elements that stay are kept, and with them the focus. */
export function showEach(list, items, keyOf, create, update) {
  const known = new Map([...list.children].map((child) => [child.dataset.key, child]));
  let place = list.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    const element = known.get(key) ?? create(item);
    known.delete(key);
    element.dataset.key = key;
    update(element, item);
    if (element === place) place = place.nextElementSibling;
    else list.insertBefore(element, place);
  }
  for (const element of known.values()) element.remove();
}

/** Sets the text of an element only when it changes, so that screen readers say it once. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
