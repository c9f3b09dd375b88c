# The Test Certificate Service in a container. Once, to make the test CAs, then to serve:
#   docker run --rm -v tcs:/data -e TCS_KEY_PASSPHRASE test-certificate-service node dist/cli/main.js ca init --yes
#   docker run --read-only -v tcs:/data -e TCS_KEY_PASSPHRASE -p 8080:8080 test-certificate-service
# `docker stop` sends SIGTERM: requests in flight are finished first (TCS_SHUTDOWN_SECONDS).

FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY src ./src
RUN npm run build

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="test-certificate-service" \
      org.opencontainers.image.description="Issues Organisation, Device and DCCKI test certificates to Testing Participants. Test only." \
      org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /service
COPY package.json package-lock.json LICENSE ./
RUN npm ci --omit=dev \
 && rm -rf /root/.npm /tmp/node-compile-cache \
 && install -d -o node -g node -m 0700 /data
COPY certs-templates ./certs-templates
COPY --from=build /build/dist ./dist

# Everything that is written goes to the volume, so the root file system may be read-only. The lock of the embedded
# database is a file there, so that two containers which share the volume see each other's.
ENV NODE_ENV=production \
    TCS_DATA_DIR=/data \
    TCS_HOST=0.0.0.0
VOLUME /data
USER node
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=10s --start-period=20s CMD ["node", "dist/cli/main.js", "health"]
# Requests leave many short-lived objects behind: with more room for them, fewer collections (docs/performance.md).
CMD ["node", "--max-semi-space-size=32", "dist/main.js"]
