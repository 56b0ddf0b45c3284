/** A place that holds objects, as it looks in one panel. */
export interface DrawnMember {
  readonly name: string;
  /** True for a member that does not answer. */
  readonly isDown?: boolean;
  /** The objects that the member holds. */
  readonly holds?: readonly string[];
  /** Objects that are about to come to the member, or that have just left it. */
  readonly lacks?: readonly string[];
}

/** A call, as an arrow between the application and a member. */
export interface DrawnCall {
  readonly label: string;
  /** The index of the member, from the top. */
  readonly member: 0 | 1;
  /** Where the bytes go: a put goes to the member, a get comes from it, and a call that fails reaches nothing. */
  readonly kind: "put" | "get" | "failed";
}

/** One moment of a picture. */
export interface Panel {
  readonly title: string;
  readonly members: readonly [DrawnMember, DrawnMember];
  readonly calls?: readonly DrawnCall[];
  /** The member that repair copies to. */
  readonly repairTo?: 0 | 1;
  /** The keys of the journal's rows; absent when there is no journal. */
  readonly journal?: readonly string[];
  /** At most two lines of 42 characters. */
  readonly caption: readonly string[];
}

export interface Picture {
  readonly name: string;
  /** The text for readers who do not see the picture. */
  readonly alt: string;
  readonly panels: readonly Panel[];
}

export interface Colours {
  readonly text: string;
  readonly muted: string;
  readonly panel: string;
  readonly box: string;
  readonly line: string;
  readonly good: string;
  readonly bad: string;
  readonly repair: string;
}

const WIDTH = 720;
const GAP = 16;
const PANEL = { width: (WIDTH - GAP) / 2, height: 232 };
const APPLICATION = { x: 12, y: 78, width: 96, height: 54 };
const JOURNAL = { x: 12, y: 144, width: 96, height: 32 };
const MEMBER = { x: 200, width: 140, height: 54 };
const MEMBER_TOPS = [38, 122] as const;
const CHIP = { width: 28, height: 20 };
const CHIP_STEP = CHIP.width + 5;
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

/** Returns a picture as SVG, in one set of colours. */
export function drawPicture({ alt, panels }: Picture, colours: Colours): string {
  const rows = Math.ceil(panels.length / 2);
  const height = rows * PANEL.height + (rows - 1) * GAP;
  const drawn = panels.map((panel, index) => {
    const x = (index % 2) * (PANEL.width + GAP);
    const y = Math.floor(index / 2) * (PANEL.height + GAP);
    return `<g transform="translate(${x} ${y})">\n${drawPanel(panel).join("\n")}\n</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    `<title>${escaped(alt)}</title>`,
    `<style>${styleOf(colours)}</style>`,
    `<defs>${(["good", "bad", "repair"] as const).map(arrowHead).join("")}</defs>`,
    ...drawn,
    "</svg>\n",
  ].join("\n");
}

function styleOf({ text, muted, panel, box, line, good, bad, repair }: Colours): string {
  return [
    `text{font:14px ${FONT};fill:${text}}`,
    `.title,.name{font-weight:600}.small{font-size:13px}.muted{fill:${muted}}`,
    `.panel{fill:${panel}}.box{fill:${box};stroke:${line}}`,
    `.down{stroke:${bad};stroke-dasharray:5 4}.chip{fill:${panel};stroke:${muted}}`,
    `.ghost{fill:none;stroke:${muted};stroke-dasharray:3 3}.ghost-text{fill:${muted}}`,
    `.call{fill:none;stroke-width:2}.label{paint-order:stroke;stroke:${panel};stroke-width:5px;stroke-linejoin:round}`,
    `.good{stroke:${good}}.bad{stroke:${bad}}.repair{stroke:${repair};stroke-dasharray:6 4}`,
    `.good-fill{fill:${good}}.bad-fill{fill:${bad}}.repair-fill{fill:${repair}}`,
  ].join("");
}

function arrowHead(kind: "good" | "bad" | "repair"): string {
  const size = `viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8"`;
  return `<marker id="${kind}" ${size} markerUnits="userSpaceOnUse" orient="auto"><path class="${kind}-fill" d="M0 0 8 4 0 8z"/></marker>`;
}

function drawPanel({ title, members, calls = [], repairTo, journal, caption }: Panel): readonly string[] {
  return [
    `<rect class="panel" width="${PANEL.width}" height="${PANEL.height}" rx="8"/>`,
    writing({ x: 12, y: 25 }, title, "title"),
    rectangle(APPLICATION, "box"),
    writing({ x: 60, y: 110, anchor: "middle" }, "application", "small"),
    ...(journal === undefined ? [] : drawJournal(journal)),
    ...members.flatMap((member, index) => drawMember(member, MEMBER_TOPS[index] ?? 0)),
    ...calls.flatMap((call) => drawCall(call)),
    ...(repairTo === undefined ? [] : drawRepair(repairTo)),
    ...caption.map((line, index) => writing({ x: 12, y: 200 + index * 20 }, line, "")),
  ];
}

function drawJournal(rows: readonly string[]): readonly string[] {
  const { x, y } = JOURNAL;
  return [
    rectangle(JOURNAL, "box"),
    writing({ x: x + 7, y: y + 21 }, "journal", "small"),
    ...rows.flatMap((row, index) => chip({ x: x + 61 + index * CHIP_STEP, y: y + 6 }, row, "chip")),
  ];
}

function drawMember(
  { name, isDown = false, holds = [], lacks = [] }: DrawnMember,
  y: number,
): readonly string[] {
  const { x, width } = MEMBER;
  return [
    rectangle({ ...MEMBER, y }, isDown ? "box down" : "box"),
    writing({ x: x + 8, y: y + 18 }, name, "name"),
    ...(isDown ? [writing({ x: x + width - 8, y: y + 18, anchor: "end" }, "down", "bad-fill")] : []),
    ...holds.flatMap((object, index) => chip({ x: x + 8 + index * CHIP_STEP, y: y + 27 }, object, "chip")),
    ...lacks.flatMap((object, index) =>
      chip({ x: x + 8 + (holds.length + index) * CHIP_STEP, y: y + 27 }, object, "ghost"),
    ),
  ];
}

function drawCall({ label, member, kind }: DrawnCall): readonly string[] {
  const near = { x: APPLICATION.x + APPLICATION.width, y: member === 0 ? 96 : 114 };
  const far = { x: MEMBER.x, y: (MEMBER_TOPS[member] ?? 0) + MEMBER.height / 2 };
  const [from, to] = kind === "get" ? [far, near] : [near, far];
  const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  const colour = kind === "failed" ? "bad" : "good";
  const head = kind === "failed" ? "" : ` marker-end="url(#${colour})"`;
  const end = kind === "failed" ? { x: far.x - 16, y: far.y + (member === 0 ? 5 : -5) } : to;
  return [
    `<path class="call ${colour}" d="M${from.x} ${from.y} ${end.x} ${end.y}"${head}/>`,
    ...(kind === "failed" ? [cross(end)] : []),
    writing(
      { x: middle.x - 4, y: middle.y + (member === 0 ? -12 : 26), anchor: "middle" },
      label,
      "small label",
    ),
  ];
}

function cross({ x, y }: { readonly x: number; readonly y: number }): string {
  return `<path class="call bad" d="M${x - 5} ${y - 5} ${x + 5} ${y + 5}M${x - 5} ${y + 5} ${x + 5} ${y - 5}"/>`;
}

function drawRepair(to: 0 | 1): readonly string[] {
  const [upper, lower] = [MEMBER_TOPS[0] + MEMBER.height + 2, MEMBER_TOPS[1] - 2];
  const [from, end] = to === 0 ? [lower, upper] : [upper, lower];
  const x = MEMBER.x + 52;
  return [
    `<path class="call repair" d="M${x} ${from} ${x} ${end}" marker-end="url(#repair)"/>`,
    writing({ x: x + 10, y: 111 }, "repair", "small"),
  ];
}

function chip(
  { x, y }: { readonly x: number; readonly y: number },
  object: string,
  style: "chip" | "ghost",
): readonly string[] {
  const words = style === "ghost" ? "small ghost-text" : "small";
  return [
    rectangle({ x, y, ...CHIP }, style),
    writing({ x: x + CHIP.width / 2, y: y + 15, anchor: "middle" }, object, words),
  ];
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function rectangle({ x, y, width, height }: Box, style: string): string {
  return `<rect class="${style}" x="${x}" y="${y}" width="${width}" height="${height}" rx="5"/>`;
}

interface Point {
  readonly x: number;
  readonly y: number;
  readonly anchor?: "middle" | "end";
}

function writing({ x, y, anchor }: Point, text: string, style: string): string {
  const place = `x="${x}" y="${y}"${anchor === undefined ? "" : ` text-anchor="${anchor}"`}`;
  return `<text ${place}${style === "" ? "" : ` class="${style}"`}>${escaped(text)}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
