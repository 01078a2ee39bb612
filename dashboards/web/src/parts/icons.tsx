// Small drawings, all of one stroke. They stand beside words and are hidden from screen readers.
import type { ComponentChildren } from "preact";

function Icon({ children, size = 16 }: { children: ComponentChildren; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export const Mark = () => (
  <svg class="mark" width="22" height="22" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <path d="M8 7v18M13 7v18M18 7v18M23 7v18M4 22 28 10" />
  </svg>
);
export const Search = () => (
  <Icon>
    <path d="M7 12a5 5 0 1 0 0-10 5 5 0 0 0 0 10Zm3.6-1.4L14 14" />
  </Icon>
);
export const Chevron = ({ open }: { open: boolean }) => (
  <Icon>{open ? <path d="m4 6 4 4 4-4" /> : <path d="m6 4 4 4-4 4" />}</Icon>
);
export const Close = () => (
  <Icon>
    <path d="m4 4 8 8M12 4l-8 8" />
  </Icon>
);
export const Warning = () => (
  <Icon size={12}>
    <path d="M8 2 1.5 13.5h13zM8 6.5v3.5M8 11.8v.2" />
  </Icon>
);
export const Critical = () => (
  <Icon size={12}>
    <path d="M5 1.5h6L14.5 5v6L11 14.5H5L1.5 11V5zM8 4.5v4.5M8 11.2v.2" />
  </Icon>
);
export const Left = () => (
  <Icon>
    <path d="m10 3-5 5 5 5" />
  </Icon>
);
export const Right = () => (
  <Icon>
    <path d="m6 3 5 5-5 5" />
  </Icon>
);
export const Plus = () => (
  <Icon>
    <path d="M8 3v10M3 8h10" />
  </Icon>
);
export const Minus = () => (
  <Icon>
    <path d="M3 8h10" />
  </Icon>
);
export const Pause = () => (
  <Icon>
    <path d="M5.5 3v10M10.5 3v10" />
  </Icon>
);
export const Play = () => (
  <Icon>
    <path d="M5 3v10l8-5z" />
  </Icon>
);
export const Download = () => (
  <Icon>
    <path d="M8 2v8M4.5 7 8 10.5 11.5 7M2.5 13.5h11" />
  </Icon>
);
const kRays = "M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1";
export const Sun = () => (
  <Icon>
    <path d={`M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z${kRays}`} />
  </Icon>
);
export const Moon = () => (
  <Icon>
    <path d="M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7Z" />
  </Icon>
);
export const Auto = () => (
  <Icon>
    <path d="M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2Zm0 0v12M8 5h4.6M8 8h6M8 11h4.6" />
  </Icon>
);
export const Copy = () => (
  <Icon>
    <path d="M5.5 5.5h8v8h-8zM3 10.5h-.5v-8h8V3" />
  </Icon>
);
export const Back = () => (
  <Icon>
    <path d="M7 3 2.5 8 7 13M3 8h10.5" />
  </Icon>
);
