/** Who imports whom: a node, and the nodes that it points to. */
export type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** Returns the groups of nodes that reach each other, each sorted; a node that points to itself counts. */
export function circlesIn(graph: Graph): readonly (readonly string[])[] {
  return groupsOf(graph).filter(
    ([first = "", ...more]) => more.length > 0 || graph.get(first)?.has(first) === true,
  );
}

/** Returns the floor of each node, from 1: a node stands one floor above the highest that it points to. */
export function floorsOf(graph: Graph): ReadonlyMap<string, number> {
  const floors = new Map<string, number>();
  for (const group of groupsOf(graph)) {
    const below = group
      .flatMap((node) => [...(graph.get(node) ?? [])])
      .filter((node) => !group.includes(node));
    const floor = 1 + Math.max(0, ...below.map((node) => floors.get(node) ?? 0));
    for (const node of group) floors.set(node, floor);
  }
  return floors;
}

/** Merges files into the rooms they stand in: the folders and files directly inside `folder`. */
export function roomsIn(files: Graph, folder: string): Graph {
  const rooms = new Map<string, Set<string>>();
  for (const [file, imports] of files) {
    const room = roomOf(file, folder);
    if (room === undefined) continue;
    const targets = rooms.get(room) ?? new Set();
    rooms.set(room, targets);
    for (const target of imports) {
      const other = roomOf(target, folder);
      if (other !== undefined && other !== room) targets.add(other);
    }
  }
  return rooms;
}

/** Returns the room of a file inside `folder`; `undefined` for a file that is somewhere else. */
export function roomOf(file: string, folder: string): string | undefined {
  const start = folder === "" ? "" : `${folder}/`;
  return file.startsWith(start) ? file.slice(start.length).split("/", 1)[0] : undefined;
}

/** Tarjan's algorithm: the strongly connected groups, those that others point to first. */
function groupsOf(graph: Graph): readonly (readonly string[])[] {
  const groups: string[][] = [];
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const visit = (node: string): number => {
    const mine = order.size;
    order.set(node, mine);
    lowest.set(node, mine);
    stack.push(node);
    for (const target of graph.get(node) ?? []) {
      const reached = order.has(target) ? (stack.includes(target) ? order.get(target) : mine) : visit(target);
      lowest.set(node, Math.min(lowest.get(node) ?? mine, reached ?? mine));
    }
    const low = lowest.get(node) ?? mine;
    if (low === mine) groups.push(stack.splice(stack.indexOf(node)).toSorted());
    return low;
  };
  for (const node of graph.keys()) if (!order.has(node)) visit(node);
  return groups;
}
