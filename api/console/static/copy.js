// Puts a copy button beside every value. Without it, values are marked and copied by hand.
for (const box of document.querySelectorAll(".copyable")) {
  const input = box.querySelector("input, textarea");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.setAttribute("aria-label", "Copy " + input.labels[0].textContent);
  const status = document.createElement("span");
  status.className = "hidden";
  status.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(input.value);
    button.textContent = status.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; status.textContent = ""; }, 2000);
  });
  input.addEventListener("focus", () => input.select());
  box.append(button, status);
}
