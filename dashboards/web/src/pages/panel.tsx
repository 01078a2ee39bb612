// A panel under the charts, and the table in it.
import type { ComponentChildren } from "preact";

export function Panel({
  title,
  count: number,
  children,
}: {
  title: string;
  count?: number;
  children: ComponentChildren;
}) {
  return (
    <section class="panel">
      <h2 class="panel-title">
        {title}
        {number !== undefined && number > 0 && <span class="count">{number}</span>}
      </h2>
      {children}
    </section>
  );
}

/** Figures stand at the right, words at the left. */
export function Table({
  head,
  words = false,
  children,
}: {
  head: readonly string[];
  words?: boolean;
  children: ComponentChildren;
}) {
  return (
    <div class="table-box" tabIndex={0} role="group" aria-label={head.join(", ")}>
      <table class={words ? "table table-words" : "table"}>
        <thead>
          <tr>
            {head.map((text) => (
              <th key={text} scope="col">
                {text || <span class="sr-only">notes</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
