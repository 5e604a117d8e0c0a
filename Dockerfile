# An image with PausePoint in it, for `docker build -t pausepoint .` after `npm run build` on the same kind of machine.
# It runs as a user of its own and writes to its data folder and to /tmp alone, so its root can be read-only:
#
#     docker run --read-only --tmpfs /tmp:exec --cap-drop ALL --security-opt no-new-privileges \
#       -v pausepoint:/var/lib/pausepoint -p 127.0.0.1:8787:8787 -e PAUSEPOINT_BASE_URL=https://approve.example.com pausepoint
FROM debian:12-slim
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /var/lib/pausepoint --shell /usr/sbin/nologin pausepoint \
 && install -d -m 0700 -o pausepoint -g pausepoint /var/lib/pausepoint
COPY --chmod=0755 dist/pausepoint /usr/local/bin/pausepoint
COPY --chmod=0644 pausepoint.config.ts /etc/pausepoint/pausepoint.config.ts
# The container's own network is around it, so it listens on every address; what is published of that says docker run.
ENV PAUSEPOINT_CONFIG=/etc/pausepoint/pausepoint.config.ts PAUSEPOINT_DATA=/var/lib/pausepoint PAUSEPOINT_HOST=0.0.0.0
# SQLite is unpacked there at start, so it has to allow execution.
ENV BUN_TMPDIR=/tmp HOME=/tmp
USER 10001:10001
WORKDIR /var/lib/pausepoint
VOLUME /var/lib/pausepoint
EXPOSE 8787
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["pausepoint", "healthcheck"]
ENTRYPOINT ["pausepoint"]
CMD ["serve"]
