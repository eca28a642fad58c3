// The description as a page that can be tried out. Nothing inline: the page runs under `script-src 'self'`.
const place = document.getElementById("swagger-ui");

window.SwaggerUIBundle({
  url: place.dataset.openapi,
  domNode: place,
  deepLinking: true,
  presets: [window.SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  requestInterceptor(request) {
    const found = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
    if (found) request.headers["X-CSRFToken"] = found[1];
    return request;
  },
});
