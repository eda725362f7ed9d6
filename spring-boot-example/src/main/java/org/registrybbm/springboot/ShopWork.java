package org.registrybbm.springboot;

import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.migrations.work.WorkFunctions;
import org.registrybbm.migrations.work.WorkRegistry;

/** What the shop's batched migrations do with rows. */
final class ShopWork implements WorkFunctions {
    @Override
    public void register(WorkRegistry.Builder registry) {
        registry.register(
                "lowerCaseEmails",
                WorkFunction.update("email = lower(email)").withPending("email IS DISTINCT FROM lower(email)"));
    }
}
