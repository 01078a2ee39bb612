// The workloads chosen for comparing, at the foot of the page.
import { useApp, type App } from "../app_context";
import { shortPath } from "../model/text";
import { displayName } from "../model/workload";
import { kCompare, kMaxCompared, viewHash } from "../model/url_state";
import { Close } from "./icons";
import { Name } from "./name";

export function toggleChosen(app: App, id: string): void {
  app.choose(app.chosen.includes(id) ? app.chosen.filter((one) => one !== id) : [...app.chosen, id]);
}

export function ChosenBar() {
  const app = useApp();
  if (app.chosen.length === 0) return null;
  return (
    <div class="chosen" role="region" aria-label="Selected for comparison">
      <ul>
        {app.chosen.map((id) => {
          const entry = app.live.find(id);
          const name = entry ? displayName(entry.facts) : shortPath(id);
          return (
            <li key={id} class="chip">
              <Name text={name} longest={32} />
              <button
                type="button"
                aria-label={`Remove ${name.slice(0, 60)} from the comparison`}
                onClick={() => toggleChosen(app, id)}
              >
                <Close />
              </button>
            </li>
          );
        })}
      </ul>
      <span class="chosen-hint" role="status">
        {app.chosen.length < 2
          ? "Select one more"
          : app.chosen.length === kMaxCompared
            ? `maximum ${kMaxCompared}`
            : ""}
      </span>
      <button type="button" class="button" onClick={() => app.choose([])}>
        Clear
      </button>
      <a
        class={`button button-main${app.chosen.length < 2 ? " is-off" : ""}`}
        aria-disabled={app.chosen.length < 2}
        href={viewHash({ ...kCompare, ids: [...app.chosen] })}
      >
        Compare
      </a>
    </div>
  );
}
