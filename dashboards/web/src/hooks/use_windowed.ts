// Which rows of a long list are in sight: only those are in the page.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { visibleSlice } from "../model/table";

/** The rows from first to last, of a list inside the page's main scroller. */
export function useWindowed(
  total: number,
  rowHeight: number,
): { list: preact.RefObject<HTMLDivElement | null>; first: number; last: number; reveal: (index: number) => void } {
  const list = useRef<HTMLDivElement>(null);
  const [[first, last], setSlice] = useState<[number, number]>([0, 40]);
  const place = useRef({ offset: 0, height: 0 });
  /** Where the list begins in the scroller: asked while nothing waits for a layout, not in a frame of a scroll. */
  const locate = useCallback((): void => {
    const scroller = document.getElementById("main");
    if (!list.current || !scroller) return;
    const offset = list.current.getBoundingClientRect().top - scroller.getBoundingClientRect().top + scroller.scrollTop;
    place.current = { offset, height: scroller.clientHeight };
  }, []);
  const measure = useRef(() => {});
  measure.current = () => {
    const scroller = document.getElementById("main");
    if (!list.current || !scroller) return;
    const next = visibleSlice(scroller.scrollTop - place.current.offset, place.current.height, rowHeight, total);
    setSlice((now) => (now[0] === next[0] && now[1] === next[1] ? now : next));
  };
  useEffect(() => {
    const scroller = document.getElementById("main");
    if (!scroller) return;
    let due = false;
    const moved = (): void => {
      if (due) return;
      due = true;
      requestAnimationFrame(() => {
        due = false;
        measure.current();
      });
    };
    scroller.addEventListener("scroll", moved, { passive: true });
    const resized = new ResizeObserver(() => {
      locate();
      moved();
    });
    resized.observe(scroller);
    return () => {
      scroller.removeEventListener("scroll", moved);
      resized.disconnect();
    };
  }, [locate]);
  useEffect(() => {
    locate(); // what stands above the list may be another height after any drawing
    measure.current();
  });
  const reveal = (index: number): void => {
    const scroller = document.getElementById("main");
    if (!list.current || !scroller) return;
    const view = scroller.getBoundingClientRect();
    const head = list.current.previousElementSibling?.getBoundingClientRect().height ?? 0;
    const top = list.current.getBoundingClientRect().top + index * rowHeight;
    if (top < view.top + head) scroller.scrollTop -= view.top + head - top;
    else if (top + rowHeight > view.bottom) scroller.scrollTop += top + rowHeight - view.bottom;
    measure.current();
  };
  return { list, first: Math.min(first, total), last: Math.min(last, total), reveal };
}

/** Whether the page is as narrow as a phone, or as so many pixels. */
export function useNarrow(pixels = 760): boolean {
  const media = `(max-width: ${pixels}px)`;
  const [narrow, setNarrow] = useState(() => matchMedia(media).matches);
  useEffect(() => {
    const query = matchMedia(media);
    const changed = (): void => setNarrow(query.matches);
    query.addEventListener("change", changed);
    return () => query.removeEventListener("change", changed);
  }, [media]);
  return narrow;
}
