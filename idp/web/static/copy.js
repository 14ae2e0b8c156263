// Puts a copy button beside every value. Without it, values are marked and copied by hand.
for (const code of document.querySelectorAll(".values code")) {
  const button = document.createElement("button");
  const name = code.closest("div").querySelector("dt").textContent;
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.setAttribute("aria-label", "Copy " + name);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  (code.closest("pre") ?? code).after(button);
}
