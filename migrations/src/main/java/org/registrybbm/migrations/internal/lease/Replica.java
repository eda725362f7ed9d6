package org.registrybbm.migrations.internal.lease;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.internal.jdbc.Watchdog;
import org.registrybbm.migrations.internal.registry.RegistryGate;
import org.registrybbm.migrations.work.WorkRegistry;

/**
 * What this replica is and knows.
 *
 * @param name that leases and events name
 * @param session gives the key of the lock that shows that it lives, or null where nothing shows it
 */
public record Replica(
        String name,
        WorkRegistry workRegistry,
        Watchdog watchdog,
        Supplier<@Nullable Long> session,
        RegistryGate gate) {}
