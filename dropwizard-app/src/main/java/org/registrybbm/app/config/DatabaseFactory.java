package org.registrybbm.app.config;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.dropwizard.util.Duration;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import java.util.Optional;
import org.hibernate.validator.constraints.Range;
import org.jspecify.annotations.Nullable;
import org.registrybbm.app.internal.config.Allowed;
import org.registrybbm.app.internal.config.DurationRange;
import org.registrybbm.app.internal.config.ReadableUrl;

/** Holds the {@code database} block of a configuration file: where the data are, and the sizes of two pools of connections. */
public final class DatabaseFactory {
    @JsonProperty
    @ReadableUrl
    private @Nullable String url;

    @JsonProperty
    private @Nullable String user;

    @JsonProperty
    private @Nullable String password;

    @JsonProperty
    private boolean pgBouncer;

    @JsonProperty
    @NotBlank
    private String embeddedDirectory = ".registry";

    @JsonProperty
    @NotNull
    @Valid
    private PoolFactory pool = new PoolFactory();

    @JsonProperty
    @NotNull
    @Valid
    private PoolFactory quartzPool = new PoolFactory();

    /** Returns the JDBC URL; empty if an embedded PostgreSQL is to be used. */
    public Optional<String> url() {
        return Optional.ofNullable(url).filter(value -> !value.isBlank());
    }

    /** Returns the user, or null if the URL names it. */
    public @Nullable String user() {
        return user;
    }

    /** Returns the password, or null if none is needed or the URL holds it. */
    public @Nullable String password() {
        return password;
    }

    /** Returns whether connections go through PgBouncer in transaction mode. */
    public boolean pgBouncer() {
        return pgBouncer;
    }

    /** Returns the directory in which an embedded PostgreSQL keeps its programs and data. */
    public String embeddedDirectory() {
        return embeddedDirectory;
    }

    /** Returns the pool that batch jobs, commands and tasks work with. */
    public PoolFactory pool() {
        return pool;
    }

    /** Returns the pool that Quartz works with. It is separate, so that a busy pool for batch jobs never delays a check-in. */
    public PoolFactory quartzPool() {
        return quartzPool;
    }

    /** Holds the bounds of one pool. */
    public static final class PoolFactory {
        @JsonProperty
        @Range(min = 2, max = 100, message = Allowed.RANGE)
        private int maxSize = 8;

        @JsonProperty
        @NotNull
        @DurationRange(min = "100ms", max = "1m")
        private Duration maxWait = Duration.seconds(5);

        /** Returns how many connections the pool may hold, 2 to 100. */
        public int maxSize() {
            return maxSize;
        }

        /** Returns how long to wait for a free connection, 100 ms to 1 min. */
        public Duration maxWait() {
            return maxWait;
        }
    }
}
