# The image of 'registry': docker build -t registry-bbm . && docker run registry-bbm --help
# It runs as a user without rights, writes nothing, and needs no writable file system. docs/installing.md says how it is configured.

FROM eclipse-temurin:17-jdk-jammy AS build
WORKDIR /src
COPY . .
RUN ./mvnw -q -B package -DskipTests -Dspotless.check.skip -pl dropwizard-app -am \
    && sh packaging/debian/stage /staged "$(sed -n 's/^  <version>\(.*\)<\/version>/\1/p' pom.xml)" registry-bbm

FROM eclipse-temurin:17-jre-jammy
COPY --from=build /src/dropwizard-app/target/registry.jar /src/db/src/main/resources/org/registrybbm/db/roles.sql /usr/share/registry-bbm/
COPY --from=build /src/packaging/class-archive /usr/share/registry-bbm/class-archive
COPY --from=build /src/packaging/registry /usr/bin/registry
COPY --from=build /staged/config.yml /etc/registry-bbm/config.yml
# The path of the container registry's configuration, which people and runbooks give as the last argument, is that of this one too.
RUN mkdir -p /etc/docker/registry \
    && ln -s /etc/registry-bbm/config.yml /etc/docker/registry/config.yml \
    && /usr/share/registry-bbm/class-archive \
    && test -s /var/cache/registry-bbm/registry.jsa
# A number, so that Kubernetes can see that it is not root.
USER 65532:65532
WORKDIR /
EXPOSE 8080 8081
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/registry"]
CMD ["server"]
