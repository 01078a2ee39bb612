// Controls of toolbars.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { visible } from "../model/text";
import { Search } from "./icons";

/** A search field that "/" goes to. */
export function SearchField({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string;
  onChange: (text: string) => void;
}) {
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    // a key may come as soon as the page is drawn
    const key = (event: KeyboardEvent): void => {
      const at = event.target as HTMLElement;
      if (event.key !== "/" || event.ctrlKey || event.metaKey || /^(INPUT|SELECT|TEXTAREA)$/.test(at.tagName)) return;
      event.preventDefault();
      input.current?.focus();
      input.current?.select();
    };
    document.addEventListener("keydown", key);
    return () => document.removeEventListener("keydown", key);
  }, []);
  return (
    <label class="search">
      <Search />
      <span class="sr-only">{label}</span>
      <input
        ref={input}
        type="search"
        placeholder={label}
        value={value}
        spellcheck={false}
        autocomplete="off"
        dir="auto"
        onInput={(event) => onChange(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") {
            onChange("");
            event.currentTarget.blur();
          }
        }}
      />
      <kbd aria-hidden="true">/</kbd>
    </label>
  );
}

export interface Choice {
  value: string;
  text: string;
}

export function SelectField({
  label,
  value,
  any,
  choices,
  onChange,
}: {
  label: string;
  value: string;
  any?: string;
  choices: readonly Choice[];
  onChange: (value: string) => void;
}) {
  // What a link asks for is shown, even if nothing has it now.
  const all =
    value !== "" && !choices.some((one) => one.value === value) ? [...choices, { value, text: value }] : choices;
  return (
    <label class={`select${value !== "" && any !== undefined ? " is-set" : ""}`}>
      <span class="select-label">{label}</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {any !== undefined && <option value="">{any}</option>}
        {all.map((one) => (
          <option key={one.value} value={one.value}>
            {visible(one.text, 60)}
          </option>
        ))}
      </select>
    </label>
  );
}

export const same = (values: readonly string[]): Choice[] => values.map((value) => ({ value, text: value }));

/** One of a few, side by side. */
export function Segments<T extends string>({
  label,
  value,
  choices,
  onChange,
}: {
  label: string;
  value: T;
  choices: readonly (readonly [T, string])[];
  onChange: (value: T) => void;
}) {
  return (
    <div class="segments" role="group" aria-label={label}>
      {choices.map(([one, text]) => (
        <button key={one} type="button" aria-pressed={one === value} onClick={() => onChange(one)}>
          {text}
        </button>
      ))}
    </div>
  );
}

/** A button with a short menu under it. */
export function Menu({
  label,
  items,
  children,
}: {
  label: string;
  items: readonly MenuItem[];
  children: preact.ComponentChildren;
}) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    box.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus();
    const outside = (event: Event): void => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [open]);
  const close = (): void => {
    setOpen(false);
    box.current?.querySelector<HTMLElement>("button")?.focus();
  };
  return (
    <div
      class="menu"
      ref={box}
      onKeyDown={(event) => {
        if (!open) return;
        if (event.key === "Escape") {
          event.stopPropagation();
          close();
        } else if (event.key === "ArrowDown") {
          event.preventDefault();
          focusItem(event.currentTarget, 1);
        } else if (event.key === "ArrowUp") {
          event.preventDefault();
          focusItem(event.currentTarget, -1);
        } else if (event.key === "Tab") setOpen(false);
      }}
    >
      <button
        type="button"
        class="button"
        aria-haspopup="menu"
        aria-expanded={open}
        aria-label={label}
        title={label}
        onClick={() => setOpen(!open)}
      >
        {children}
      </button>
      {open && <MenuList label={label} items={items} close={close} />}
    </div>
  );
}

interface MenuItem {
  text: string;
  run: () => void;
}

function MenuList({ label, items, close }: { label: string; items: readonly MenuItem[]; close: () => void }) {
  return (
    <div class="menu-list" role="menu" aria-label={label}>
      {items.map((item) => (
        <button
          key={item.text}
          type="button"
          role="menuitem"
          tabIndex={-1}
          onClick={() => {
            close();
            item.run();
          }}
        >
          {item.text}
        </button>
      ))}
    </div>
  );
}

/** Moves the focus by so many items, from the last one to the first one too. */
function focusItem(menu: HTMLElement, by: number): void {
  const all = [...menu.querySelectorAll<HTMLElement>("[role=menuitem]")];
  const at = all.indexOf(document.activeElement as HTMLElement);
  all[(at + by + all.length) % all.length]?.focus();
}
