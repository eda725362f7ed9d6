package org.registrybbm.migrations.internal;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.registrybbm.migrations.WorkRegistry;

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
