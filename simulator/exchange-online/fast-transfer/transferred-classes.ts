import type { JsonObject } from '../json-object.ts';
import type { PropertyValues } from './property-values.ts';

const appointmentSet = '00062002-0000-0000-c000-000000000046';
const taskSet = '00062003-0000-0000-c000-000000000046';
const addressSet = '00062004-0000-0000-c000-000000000046';
const commonSet = '00062008-0000-0000-c000-000000000046';

/** [MS-OXOCNTC] section 2.2.1, as Graph shows it. */
export function contactProperties(values: PropertyValues, subject: string): JsonObject {
  const emails = [0x8083, 0x8093, 0x80a3].flatMap((lid) => {
    const [address, name] = [values.named(addressSet, lid), values.named(addressSet, lid - 3)];
    return typeof address === 'string' ? [{ address, name: typeof name === 'string' ? name : address }] : [];
  });
  const texts = (...ids: readonly number[]): readonly string[] => ids.flatMap((id) => values.text(id) ?? []);
  const fileAs = values.named(addressSet, 0x8005);
  const birthday = values.time(0x3a42);
  return {
    displayName: values.text(0x3001) ?? subject,
    fileAs: typeof fileAs === 'string' ? fileAs : null,
    title: values.text(0x3a45) ?? null,
    givenName: values.text(0x3a06) ?? null,
    middleName: values.text(0x3a44) ?? null,
    surname: values.text(0x3a11) ?? null,
    companyName: values.text(0x3a16) ?? null,
    jobTitle: values.text(0x3a17) ?? null,
    mobilePhone: values.text(0x3a1c) ?? null,
    businessPhones: texts(0x3a08, 0x3a1b),
    homePhones: texts(0x3a09, 0x3a2f),
    homeAddress: given({
      street: values.text(0x3a5d),
      city: values.text(0x3a59),
      postalCode: values.text(0x3a5b),
      countryOrRegion: values.text(0x3a5a),
    }),
    birthday: birthday ?? null,
    emailAddresses: emails,
  };
}

/** [MS-OXOCAL] section 2.2.1 */
export function eventProperties(values: PropertyValues): JsonObject {
  const time = (lid: number): JsonObject =>
    inUtc(values.named(appointmentSet, lid)) ?? { dateTime: '1601-01-01T00:00:00', timeZone: 'UTC' };
  return {
    start: time(0x820d),
    end: time(0x820e),
    isAllDay: values.named(appointmentSet, 0x8215) === true,
    location: { displayName: String(values.named(appointmentSet, 0x8208) ?? '') },
  };
}

const taskStates = ['notStarted', 'inProgress', 'completed', 'waitingOnOthers', 'deferred'];

/** [MS-OXOTASK] section 2.2.2 */
export function taskProperties(values: PropertyValues): JsonObject {
  return {
    status: taskStates[Number(values.named(taskSet, 0x8101) ?? 0)] ?? 'notStarted',
    isReminderOn: values.named(commonSet, 0x8503) === true,
    ...given({
      startDateTime: inUtc(values.named(taskSet, 0x8104)),
      dueDateTime: inUtc(values.named(taskSet, 0x8105)),
      completedDateTime: inUtc(values.named(taskSet, 0x810f)),
      reminderDateTime: inUtc(values.named(commonSet, 0x8502)),
    }),
  };
}

function inUtc(value: unknown): JsonObject | undefined {
  return typeof value === 'string' ? { dateTime: value.replace('Z', ''), timeZone: 'UTC' } : undefined;
}

function given(values: Readonly<Record<string, unknown>>): JsonObject {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
