// How much of a limit is used. Its figures are in the text beside it.
export function Meter({ used, limit }: { used: number | null; limit: number | undefined }) {
  if (used === null || limit === undefined || limit <= 0) return null;
  const part = Math.min(used / limit, 1);
  const level = part >= 0.9 ? "critical" : part >= 0.75 ? "warning" : "fine";
  return (
    <span class={`meter meter-${level}`} aria-hidden="true">
      <span class="meter-used" style={{ width: `${(part * 100).toFixed(1)}%` }} />
    </span>
  );
}
