/** A span of time for people, in its largest unit: `3 days`, `1 hour`, `20 seconds`. */
export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  for (const [unit, length] of [
    ["day", 86_400],
    ["hour", 3_600],
    ["minute", 60],
  ] as const)
    if (seconds >= 2 * length || (unit === "minute" && seconds >= length))
      return counted(Math.floor(seconds / length), unit);
  return counted(seconds, "second");
}

function counted(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
