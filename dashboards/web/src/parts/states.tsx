// What a page says when it has nothing else to show.
import type { ComponentChildren } from "preact";
import { ApiError } from "../data/api";

export function Notice({
  title,
  children,
  role = "status",
}: {
  title: string;
  children?: ComponentChildren;
  role?: "status" | "alert";
}) {
  return (
    <div class="notice" role={role}>
      <p class="notice-title">{title}</p>
      {children && <div class="notice-text">{children}</div>}
    </div>
  );
}

export function Loading({ what }: { what: string }) {
  return (
    <div class="notice loading" role="status">
      <p class="notice-title">Loading {what}…</p>
      <div class="loading-bars" aria-hidden="true">
        <span />
        <span />
        <span />
      </div>
    </div>
  );
}

export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const kind = error instanceof ApiError ? error.kind : "broken";
  const title =
    kind === "denied"
      ? "No permission"
      : kind === "unreachable"
        ? "The agent cannot be reached"
        : kind === "missing"
          ? "Not found"
          : "The request failed";
  return (
    <Notice title={title} role="alert">
      <p>{error instanceof Error ? error.message : String(error)}</p>
      {kind === "denied" && (
        <p>
          The administrator of the server in front of Tallyman can give you access. Log in there and reload this page.
        </p>
      )}
      {retry && kind !== "missing" && (
        <button type="button" class="button" onClick={retry}>
          Try again
        </button>
      )}
    </Notice>
  );
}
