// Look every two seconds whether the page has changed, and put in what is new. What is folded open, and a comment that is
// being written, stay as they are.
"use strict";
const seen = new Map();
const remember = page => {
  for (const part of page.querySelectorAll("[data-live], [data-live-list] > *")) seen.set(part.id, part.outerHTML);
};
const renew = (id, fresh, list) => {
  if (seen.get(id) === fresh.outerHTML) return;
  seen.set(id, fresh.outerHTML);
  const old = document.getElementById(id), put = document.importNode(fresh, true);
  if (!old) return list && list.append(put);
  const open = [...old.querySelectorAll("details")].map(each => each.open);
  if (old.tagName === "DETAILS") put.open = old.open;
  [...put.querySelectorAll("details")].forEach((each, at) => { each.open = open[at] ?? each.open; });
  old.replaceWith(put);
};
const look = async () => {
  const answer = await fetch(location.pathname + location.search);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of page.querySelectorAll("[data-live]")) if (document.getElementById(part.id)) renew(part.id, part);
  for (const list of page.querySelectorAll("[data-live-list]")) {
    for (const part of list.children) renew(part.id, part, document.getElementById(list.id));
  }
};
remember(document);
const again = () => look().catch(() => {}).finally(() => setTimeout(again, 2000));
setTimeout(again, 2000);
