import { describe, expect, it } from '@jest/globals';
import { notedFolders } from '../../../shared/domain/noted-folders.ts';

describe('the folders that a job names', () => {
  it('fit into an item of DynamoDB beside everything else, however deep they are nested', () => {
    const deep = Array.from({ length: 100 }, () => '受信トレイ').join('/');
    const renamed = Array.from({ length: 5_000 }, (_, one) => ({ source: `${String(one)}${deep}`, target: deep }));
    const leftOut = renamed.map(({ source }) => ({ name: source, reason: `not a folder of mail (${deep})`, items: 3 }));

    const noted = notedFolders(renamed, leftOut);

    expect(noted.renamedFolders).toHaveLength(200);
    expect(noted.leftOutFolders).toHaveLength(200);
    expect(Buffer.byteLength(JSON.stringify(noted))).toBeLessThan(280_000);
    expect(noted.renamedFolders[7]?.source).toMatch(/^7受信トレイ.*…$/);
  });

  it('stand there as they are where their names are short, and with whole characters where they are cut', () => {
    const renamed = [{ source: 'Projects/2019', target: 'Projects_2019' }];
    const leftOut = [{ name: 'Public', reason: 'shared' }];

    expect(notedFolders(renamed, leftOut)).toEqual({ renamedFolders: renamed, leftOutFolders: leftOut });
    const [cut] = notedFolders([{ source: '😀'.repeat(100), target: '' }], []).renamedFolders;
    expect(cut?.source.isWellFormed()).toBe(true);
    expect(cut?.source).toHaveLength(100);
  });
});
