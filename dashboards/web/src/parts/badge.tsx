import type { Condition } from "../model/conditions";
import { Critical, Warning } from "./icons";

/** A condition: shape, word and colour say the same. */
export function Badge({ condition }: { condition: Condition }) {
  return (
    <span class={`badge badge-${condition.severity}`} data-condition={condition.type} title={condition.title}>
      {condition.severity === "critical" ? <Critical /> : <Warning />}
      <span class="badge-text">{condition.text}</span>
    </span>
  );
}

export function Kind({ kind }: { kind: string }) {
  return <span class="kind">{kind}</span>;
}
