package org.registrybbm.migrations.internal.lease;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.jdbc.Watchdog;
import org.registrybbm.migrations.internal.registry.RegistryGate;
import org.registrybbm.migrations.work.WorkRegistry;

/**
 * What this replica is and knows.
 *
 * @param name the name in leases and events
 * @param session returns the key of the lock that shows that this replica lives, or null if there is no such lock
 */
public record Replica(
        String name,
        WorkRegistry workRegistry,
        Watchdog watchdog,
        Supplier<@Nullable Long> session,
        RegistryGate gate) {}
