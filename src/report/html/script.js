// Makes the headings of the table into buttons that sort it.
"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const headings = [...table.tHead.rows[0].cells];

  const key = (row, column) => {
    const value = row.cells[column].dataset.value;
    return value === "" || Number.isNaN(Number(value)) ? value : Number(value);
  };

  // Fields that are empty, since they were not measured, come last in both directions; names come
  // behind numbers.
  const compare = (a, b, direction) => {
    if (a === "" || b === "") return (a === "") - (b === "");
    if (typeof a === "number" && typeof b === "number") return (a - b) * direction;
    if (typeof a !== typeof b) return (typeof a === "number" ? -1 : 1) * direction;
    return a.localeCompare(b) * direction;
  };

  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const descending = heading.getAttribute("aria-sort") === "ascending";
      for (const other of headings) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
      const rows = [...body.rows];
      const direction = descending ? -1 : 1;
      rows.sort((a, b) => compare(key(a, column), key(b, column), direction));
      body.append(...rows);
    });
  });
}
