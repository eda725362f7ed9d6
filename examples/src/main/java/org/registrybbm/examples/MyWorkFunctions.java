package org.registrybbm.examples;

import org.registrybbm.migrations.work.WorkFunction;
import org.registrybbm.migrations.work.WorkFunctions;
import org.registrybbm.migrations.work.WorkRegistry;

// snippet: work-functions
/** The work functions of an application, by the names that its migrations use. */
public class MyWorkFunctions implements WorkFunctions {
    @Override
    public void register(WorkRegistry.Builder registry) {
        registry.register(
                "lowerCaseEmails", WorkFunction.update("email = lower(email)").withPending("email <> lower(email)"));
    }
}
// end
