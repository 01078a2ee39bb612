// The keys, on "?".
import { useLayoutEffect, useRef } from "preact/hooks";
import { useApp } from "../app_context";
import { kCompare, kEvents, kMetrics, kOverhead } from "../model/url_state";

const kKeys: readonly (readonly [string, string])[] = [
  ["/", "Search"],
  ["↑ ↓", "Move in the table; Home and End go to its ends"],
  ["Enter", "Open the row or the group"],
  ["x", "Select the row for comparison"],
  ["← →", "On a chart: move in time; + and − zoom, 0 resets"],
  ["1 2 3 4 5", "Overview, Compare, Events, Overhead, Metrics"],
  ["p", "Pause or resume"],
  ["?", "Show this list"],
];

export function ShortcutsDialog() {
  const { live, go, lastOverview, chosen } = useApp();
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    // a key may come as soon as the page is drawn
    const key = (event: KeyboardEvent): void => {
      const at = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(at.tagName)) return;
      switch (event.key) {
        case "?":
          return void (dialog.current?.open ? dialog.current.close() : dialog.current?.showModal());
        case "p":
          return live.setPaused(!live.paused);
        case "1":
          return go(lastOverview);
        case "2":
          return go({ ...kCompare, ids: [...chosen] });
        case "3":
          return go(kEvents);
        case "4":
          return go(kOverhead);
        case "5":
          return go(kMetrics);
      }
    };
    document.addEventListener("keydown", key);
    return () => document.removeEventListener("keydown", key);
  }, [live, go, lastOverview, chosen]);
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="keys-title">
      <h2 id="keys-title">Keys</h2>
      <dl class="keys">
        {kKeys.map(([key, text]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button class="button">Close</button>
      </form>
    </dialog>
  );
}
