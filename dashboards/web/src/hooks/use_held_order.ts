// Rows that keep their places while somebody is at work among them.
import { useRef } from "preact/hooks";

/** Where the pointer and the keyboard's focus are: reported by the table. */
export interface Hold {
  pointer: (inside: boolean) => void;
  focus: (inside: boolean) => void;
}

/** How long a pointer that rests in the table holds the rows. */
const kHeldMilliseconds = 10_000;

/**
 * While somebody points into the table or walks through it by key its rows keep their
 * places: nobody likes to click on what has just moved away. New rows come last until then.
 * Rows are identified by `name`; another `order` (sorting, grouping) takes effect at once.
 */
export function useHeldOrder<Item>(
  items: Item[],
  name: (item: Item) => string,
  order: string,
): { items: Item[]; hold: Hold } {
  const holding = useRef({ pointed: 0, focused: false });
  const last = useRef<{ order: string; places: Map<string, number> }>({ order: "", places: new Map() });
  let shown = items;
  const { pointed, focused } = holding.current;
  if ((focused || Date.now() - pointed < kHeldMilliseconds) && last.current.order === order) {
    const places = last.current.places;
    shown = items
      .map((item, i) => ({ item, place: places.get(name(item)) ?? places.size, i }))
      .sort((a, b) => a.place - b.place || a.i - b.i)
      .map(({ item }) => item);
  }
  last.current = { order, places: new Map(shown.map((item, i) => [name(item), i])) };
  const hold = {
    pointer: (inside: boolean) => {
      holding.current.pointed = inside ? Date.now() : 0;
    },
    focus: (inside: boolean) => {
      holding.current.focused = inside;
    },
  };
  return { items: shown, hold };
}
