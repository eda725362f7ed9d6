/** What people and programs are shown of migrations, their batch jobs, rows, events and budgets, whether a command, an admin task or the API asks. */
@NullMarked
package org.registrybbm.app.internal.text.answer;

import org.jspecify.annotations.NullMarked;
