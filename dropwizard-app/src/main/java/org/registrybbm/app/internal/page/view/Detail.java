package org.registrybbm.app.internal.page.view;

import java.util.List;
import java.util.Optional;
import org.registrybbm.migrations.audit.RecordedEvent;
import org.registrybbm.migrations.status.BatchJobOverview;
import org.registrybbm.migrations.status.KeyMap;
import org.registrybbm.migrations.status.Sample;
import org.registrybbm.migrations.verification.Verification;

/**
 * What is shown of one migration alone.
 *
 * @param samples how far it was, the oldest first
 * @param map where it has been; empty if it goes along no integer key of one table
 * @param batchJobs those that are not finished
 * @param events what was decided, the newest first
 * @param verification the last one that a replica was asked for; empty if there was none
 */
public record Detail(
        List<Sample> samples,
        Optional<KeyMap> map,
        List<BatchJobOverview> batchJobs,
        List<RecordedEvent> events,
        Optional<Verification> verification) {}
