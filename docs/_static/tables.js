// Tables with a line of column names: a click on a name sorts by that column; long tables get a field that keeps the
// rows with a text. Without scripts the tables stay as they are.
"use strict";

function cellText(row, column) {
  return row.cells[column].textContent.trim();
}

// "0.661 ± 0.010", "1,234" and "–12 %" begin with a number; whatever does not is compared as text.
function leadingNumber(text) {
  const match = text.replace(/,(?=\d{3})/g, "").replace(/^[−–](?=\d)/, "-").match(/^[<≤>≥~+]?\s*(-?\d+(\.\d+)?(e[-+]?\d+)?)/i);
  return match ? Number(match[1]) : NaN;
}

function compareCells(a, b) {
  const [x, y] = [leadingNumber(a), leadingNumber(b)];
  if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
  if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
  return a.localeCompare(b);
}

function sortBy(table, column, headers) {
  const header = headers[column];
  const ascending = header.getAttribute("aria-sort") !== "ascending";
  headers.forEach((other) => other.removeAttribute("aria-sort"));
  header.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  rows.sort((a, b) => (ascending ? 1 : -1) * compareCells(cellText(a, column), cellText(b, column)));
  rows.forEach((row) => body.append(row));
}

function addFilter(table) {
  const field = document.createElement("input");
  field.type = "search";
  field.className = "table-filter";
  field.placeholder = "Show rows with …";
  field.setAttribute("aria-label", "Show the rows of the table below that contain this text");
  field.addEventListener("input", () => {
    const wanted = field.value.toLowerCase();
    for (const row of table.tBodies[0].rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  });
  const frame = table.closest(".pst-scrollable-table-container") || table;
  frame.before(field);
}

function makeSortable(table) {
  if (!table.tHead || table.tHead.rows.length !== 1 || table.tBodies.length !== 1) return;
  const rows = Array.from(table.tBodies[0].rows);
  for (const cell of table.tBodies[0].querySelectorAll("td")) {
    const text = cell.textContent.trim();
    if (text.length < 16 && !Number.isNaN(leadingNumber(text))) cell.classList.add("number"); // "0.661 ± 0.010" in one line
  }
  const headers = Array.from(table.tHead.rows[0].cells);
  if (headers.length > 6) table.classList.add("wide");
  if (rows.length < 4 || rows.some((row) => row.cells.length !== headers.length)) return;
  headers.forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => sortBy(table, column, headers));
  });
  if (rows.length > 15) addFilter(table);
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".bd-article table.table:not(.autosummary)").forEach((table) => {
    if (!table.dataset.sortable) {
      table.dataset.sortable = "yes";
      makeSortable(table);
    }
  });
});
